"""The root of the command line: every command, and one place where errors become a line and an exit code."""

from collections.abc import Sequence

import typer

from engine.language import FlowsInvalid, render_diagnostics
from lockhouse.command_line import clients, flows, persons, running, setup
from lockhouse.command_line.console import report
from lockhouse.command_line.flows import source_texts
from lockhouse.configuration import SettingsInvalid
from lockhouse.directory.hints import NameInvalid
from lockhouse.keys import KeysUnusable
from protocols.oauth2 import ClientInvalid

__all__ = ["app", "main"]

REFUSED, WRONG_USE, INTERRUPTED = 1, 2, 130

# Mistakes in what was typed or set are 2, like typer's own; what was right and could not be done is 1.
_WRONG_USE = (SettingsInvalid, KeysUnusable, NameInvalid, ClientInvalid)
_OURS = ("engine", "executors", "lockhouse", "protocols")

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
        app(args=None if arguments is None else list(arguments), prog_name="lockhouse")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else REFUSED
    except _WRONG_USE as error:
        report(str(error))
        return WRONG_USE
    except FlowsInvalid as error:
        report(f"the flows have mistakes\n{render_diagnostics(error.diagnostics, source_texts(error.diagnostics))}")
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if not _is_ours(error):
            raise
        report(str(error))
        return REFUSED
    return 0


def _is_ours(error: Exception) -> bool:
    """Say whether *error* was raised on purpose: each error of ours has a stable code. The rest are bugs."""
    return isinstance(getattr(error, "code", None), str) and type(error).__module__.split(".")[0] in _OURS
