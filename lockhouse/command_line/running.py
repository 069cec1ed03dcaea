"""``lockhouse serve`` and ``lockhouse demo``."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from lockhouse.channels import mail_directory, sms_directory
from lockhouse.command_line.console import note, say
from lockhouse.command_line.options import ConfigOption
from lockhouse.configuration import Configuration, SettingsInvalid, load_configuration
from lockhouse.connections import make_room
from lockhouse.doctor import newest_moment
from lockhouse.folders import unwritable
from lockhouse.import_names import check_names
from lockhouse.installation import Installation, opened
from lockhouse.logs import configure_logs
from lockhouse.serve import bind, build_server, following_port
from lockhouse.wiring import wired

__all__ = ["demo", "serve"]

_DEFAULT = Path("lockhouse.toml")
_CLOCK_BEHIND = timedelta(seconds=30)


def serve(
    *,
    config: ConfigOption = _DEFAULT,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.", metavar="N")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = None,
) -> None:
    """Run the server until it is interrupted; requests that run are finished first.

    In development the issuer follows the port, so that several servers can run side by side.
    """
    check_names()
    configuration = load_configuration(config)
    settings = configuration.settings
    configure_logs(form=settings.log.format, level=settings.log.level)
    loop = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with loop:
        started = loop.run(_serve(configuration, host or settings.listen.host, settings.port if port is None else port))
    if not started:
        raise typer.Exit(1)


async def _serve(configuration: Configuration, host: str, port: int) -> bool:
    make_room(configuration.settings.listen.connections)
    with bind(host, port) as listener:
        bound = listener.getsockname()[1]
        configuration = replace(configuration, settings=following_port(configuration.settings, bound))
        _try_folders(configuration)
        async with opened(configuration) as installation, wired(installation) as parts:
            await _compare_clock(installation)
            server = build_server(
                parts.application,
                listen=configuration.settings.listen,
                on_started=lambda: _tell_addresses(configuration, host=host, port=bound),
                on_stopping=parts.stop_waiting,
            )
            await server.serve(sockets=[listener])
            return server.started


def _folders(configuration: Configuration) -> Iterator[tuple[str, Path]]:
    """Yield the folders that messages are written to, each with its section."""
    for section, folder in (("mail", mail_directory(configuration)), ("sms", sms_directory(configuration))):
        if folder is not None:
            yield section, folder


def _try_folders(configuration: Configuration) -> None:
    for section, folder in _folders(configuration):
        if why := unwritable(folder):
            problem = f"{section}.directory: {folder} cannot be written: {why}; correct one of the two"
            raise SettingsInvalid((problem,))


async def _compare_clock(installation: Installation) -> None:
    newest, now = await installation.database.read(newest_moment), installation.clock.now()
    if newest is not None and newest - now > _CLOCK_BEHIND:
        facts = f"it says {now:%Y-%m-%d %H:%M} UTC, the database was written at {newest:%Y-%m-%d %H:%M}"
        note(f"warning: this machine's clock is behind: {facts}; set it right, since requests expire by it")


def _tell_addresses(configuration: Configuration, *, host: str, port: int) -> None:
    settings = configuration.settings
    say(f"[bold]Lockhouse {version_of('lockhouse')}[/bold] is ready")
    say(f"  issuer     {settings.issuer}")
    say(f"  listening  {host} port {port}")
    sent, names = {"mail": settings.mail.host, "sms": settings.sms.url}, {"mail": "Messages", "sms": "Text messages"}
    for section, folder in _folders(configuration):
        if not sent[section]:  # where else would somebody look for them
            note(f"{names[section]} are written to {folder}")


def demo(
    *,
    auto: Annotated[bool, typer.Option("--auto", help="Play the person too, without asking.")] = False,
) -> None:
    """Show the whole journey on this machine: a client asks, a person approves, the client gets verified tokens."""
    from lockhouse.demo import run_demo  # noqa: PLC0415 - it needs the extra packages of lockhouse[demo]

    raise typer.Exit(run_demo(auto=auto))
