"""``lockhouse init``, ``lockhouse db upgrade`` and ``lockhouse version``."""

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from engine.storage import upgrade
from lockhouse.command_line.console import print_json, say, working
from lockhouse.command_line.options import ConfigOption, JsonOption
from lockhouse.configuration import load_configuration
from lockhouse.installation import OWNERS, create_installation, database_url

__all__ = ["database", "init", "version"]

database = typer.Typer(no_args_is_help=True, help="The database.")

_DEFAULT = Path("lockhouse.toml")


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; it may exist, but not be in use.")],
    issuer: Annotated[
        str | None, typer.Option(metavar="URL", help="Public address: https://id.example. Left out: for development.")
    ] = None,
    database_address: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="postgresql+psycopg://… ; left out: SQLite in DIR.")
    ] = None,
) -> None:
    """Make a new server: settings, keys, database. Nothing is ever overwritten.

    Example: lockhouse init home && lockhouse serve --config home/lockhouse.toml
    """
    with working(f"Making {folder}") as show:
        configuration = create_installation(folder, issuer=issuer, url=database_address, progress=show)
    say(f"Made {configuration.file}")
    say(f"Keys in {configuration.path(configuration.settings.keys.file)}: back them up, apart from the database.")
    say("Next:")
    say(f"  lockhouse client add --config {configuration.file} --id shop")
    say(f"  lockhouse person add ann --config {configuration.file} --email ann@example.org")
    say(f"  lockhouse serve --config {configuration.file}")


@database.command("upgrade")
def upgrade_database(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Bring the database's tables to this version's. Safe to repeat, and safe while another process does it."""
    steps: list[str] = []
    url = database_url(load_configuration(config))
    with working("Upgrading the database") as show:

        def told(step: str) -> None:
            steps.append(step)
            show(f"Upgrading the database: {step}")

        upgrade(url, OWNERS, told)
    if as_json:
        print_json({"steps": steps})
    else:
        say("\n".join(steps) if steps else "the database is up to date")


def version(*, as_json: JsonOption = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": version_of("lockhouse")})
    else:
        say(f"lockhouse {version_of('lockhouse')}")
