"""``lockhouse serve`` and ``lockhouse demo``."""

import asyncio
from dataclasses import replace
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from lockhouse.channels import mail_directory, sms_directory
from lockhouse.command_line.console import note, say
from lockhouse.command_line.options import ConfigOption
from lockhouse.configuration import Configuration, load_configuration
from lockhouse.import_names import check_names
from lockhouse.installation import opened
from lockhouse.logs import configure_logs
from lockhouse.serve import bind, build_server, following_port
from lockhouse.wiring import wired

__all__ = ["demo", "serve"]

_DEFAULT = Path("lockhouse.toml")


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
    with bind(host, port) as listener:
        bound = listener.getsockname()[1]
        configuration = replace(configuration, settings=following_port(configuration.settings, bound))
        async with opened(configuration) as installation, wired(installation) as parts:
            server = build_server(
                parts.application, on_started=lambda: _tell_addresses(configuration, host=host, port=bound)
            )
            await server.serve(sockets=[listener])
            return server.started


def _tell_addresses(configuration: Configuration, *, host: str, port: int) -> None:
    settings = configuration.settings
    folders = (
        ("Messages", mail_directory(configuration), settings.mail.host),
        ("Text messages", sms_directory(configuration), settings.sms.url),
    )
    say(f"[bold]Lockhouse {version_of('lockhouse')}[/bold] listens on {host} port {port}")
    say(f"  issuer     {settings.issuer}")
    say(f"  discovery  {settings.issuer}/.well-known/openid-configuration")
    if settings.development:
        note("Development: an http issuer on this machine only, cookies without Secure.")
    for what, folder, sent in folders:
        if folder is not None:
            note(f"{what} are {'also ' if sent else ''}written to {folder}")


def demo(
    *,
    auto: Annotated[bool, typer.Option("--auto", help="Play the person too, without asking.")] = False,
) -> None:
    """Show the whole journey on this machine: a client asks, a person approves, the client gets verified tokens."""
    from lockhouse.demo import run_demo  # noqa: PLC0415 - it needs the extra packages of lockhouse[demo]

    raise typer.Exit(run_demo(auto=auto))
