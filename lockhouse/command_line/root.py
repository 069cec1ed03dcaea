"""The root of the command line: every command, and one place where errors become a line and an exit code."""

from collections.abc import Sequence

import typer

from engine.contracts import FlowError
from lockhouse.command_line import clients, flows, persons, running, setup
from lockhouse.command_line.console import report
from lockhouse.configuration import SettingsInvalid
from lockhouse.directory.hints import NameInvalid
from lockhouse.directory.persons import PersonExists
from lockhouse.installation import AlreadyThere
from lockhouse.keys import KeysUnusable
from lockhouse.serve import AddressInUse
from protocols.oauth2 import ClientExists, ClientInvalid, NoSigningKey

__all__ = ["app", "main"]

REFUSED, WRONG_USE, INTERRUPTED = 1, 2, 130

# Mistakes in what was typed or set are 2, like typer's own; what was right and could not be done is 1.
_WRONG_USE = (SettingsInvalid, KeysUnusable, NameInvalid, ClientInvalid)
_REFUSED = (FlowError, AddressInUse, AlreadyThere, PersonExists, ClientExists, NoSigningKey)

app = typer.Typer(
    name="lockhouse",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Ask people for approval on another device: an OpenID Provider for CIBA on a flow engine.",
    epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong use or settings. NO_COLOR is honoured.",
)
app.command()(setup.init)
app.command()(running.serve)
app.command()(running.demo)
app.add_typer(clients.app, name="client")
app.add_typer(persons.app, name="person")
app.add_typer(flows.app, name="flow")
app.add_typer(setup.database, name="db")
app.command()(setup.version)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors that are ours become one message on standard error."""
    try:
        app(args=None if arguments is None else list(arguments))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else REFUSED
    except _WRONG_USE as error:
        report(str(error))
        return WRONG_USE
    except _REFUSED as error:
        report(str(error))
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0
