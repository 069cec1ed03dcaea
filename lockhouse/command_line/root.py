"""The root of the command line: every command, and one place where errors become a line and an exit code."""

from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import Annotated, Final

import typer

from lockhouse.command_line.console import report, say
from lockhouse.command_line.lazily import Part, group_of
from lockhouse.import_names import NamesTaken, name_problems

__all__ = ["PARTS", "app", "main"]

REFUSED, WRONG_USE, INTERRUPTED = 1, 2, 130

# Mistakes in what was typed or set are 2, like typer's own; what was right and could not be done is 1. By their codes,
# since importing the classes would load the whole server for a line of help.
_WRONG_USE: Final = frozenset({"settings_invalid", "keys_unusable", "name_invalid", "client_invalid"})
_FLOWS_INVALID: Final = "flows_invalid"
_OURS = ("engine", "executors", "lockhouse", "protocols")


def _part(name: str, module: str, attribute: str, summary: str) -> Part:
    return Part(name=name, module=f"lockhouse.command_line.{module}", attribute=attribute, summary=summary)


PARTS: Final = (
    _part("init", "setup", "init", "Make a new server: settings, keys, database. Nothing is ever overwritten."),
    _part("serve", "running", "serve", "Run the server until it is interrupted; requests that run are finished first."),
    _part("doctor", "doctor", "doctor", "Look over a server and say what is wrong, with a remedy for each."),
    _part("demo", "running", "demo", "Show the whole journey on this machine: a client asks, a person approves."),
    _part("client", "client", "app", "Programs that may ask people for approval."),
    _part("person", "persons", "app", "People who can be asked for approval."),
    _part("keys", "keys", "app", "Keys that sign tokens: list them, rotate them, forget old ones."),
    _part("flow", "flow", "app", "Flow definitions."),
    _part("dev", "development", "app", "Decide without a person; only with development = true."),
    _part("conformance", "conformance", "conformance", "Write what the OpenID Foundation's conformance suite needs."),
    _part("execution", "execution", "app", "Executions of flows: where they stand, and those that are stuck."),
    _part("outbox", "outbox", "app", "Messages on their way: delivery status and dead letters."),
    _part("operator", "operators", "app", "Programs that may operate this server over HTTP."),
    _part("db", "setup", "database", "The database."),
    _part("version", "setup", "version", "Print the version."),
)

app = typer.Typer(
    name="lockhouse",
    cls=group_of(PARTS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Ask people for approval on another device: an OpenID Provider for CIBA on a flow engine.",
    epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong use or settings. NO_COLOR is honoured.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"lockhouse {version_of('lockhouse')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors that are ours become one message on standard error."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="lockhouse")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        return REFUSED
    except Exception as error:
        if _is_ours(error):
            return _explain(error)
        # Where somebody else's package lies in our place anything may break: then that is what to say.
        if problems := name_problems():
            return _explain(NamesTaken(problems))
        raise
    return 0


def _explain(error: Exception) -> int:
    code = getattr(error, "code", "")
    report(_flow_mistakes(error) if code == _FLOWS_INVALID else str(error))
    return WRONG_USE if code in _WRONG_USE else REFUSED


def _flow_mistakes(error: Exception) -> str:
    from engine.language import FlowsInvalid, render_diagnostics  # noqa: PLC0415 - it loads the flow language
    from lockhouse.command_line.flow.sources import source_texts  # noqa: PLC0415 - the same

    found = error.diagnostics if isinstance(error, FlowsInvalid) else ()
    return f"the flows have mistakes\n{render_diagnostics(found, source_texts(found))}"


def _is_ours(error: Exception) -> bool:
    """Say whether *error* was raised on purpose: each error of ours has a stable code. The rest are bugs."""
    return isinstance(getattr(error, "code", None), str) and type(error).__module__.split(".")[0] in _OURS
