"""``lockhouse flow run``: walk through a flow by hand, at the terminal."""

import getpass
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.testing import Left, NotAValue, Walk, entered_fields
from lockhouse.command_line.console import report
from lockhouse.command_line.flow.installed import SettingsOption, installed
from lockhouse.command_line.flow.loading import chosen
from lockhouse.command_line.flow.sources import PathsArgument

__all__ = ["run"]


def run(
    name: Annotated[str, typer.Argument(metavar="FLOW", help="The flow to walk through: its name, or its file.")],
    paths: PathsArgument = None,
    *,
    inputs: Annotated[
        str, typer.Option(metavar="FILE|DATA", help="Its inputs, as JSON or YAML; what is left out is asked for.")
    ] = "",
    script: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take what would be typed from this file, line by line; - is the input."),
    ] = None,
    config: SettingsOption = None,
) -> None:
    """Walk through a flow by hand: answer its prompts, say what executors answer, let time pass.

    Nothing is sent and nothing is stored. `help` at "what now?" lists what can be done.

    Example: lockhouse flow run login_approval --inputs '{subject: ann, requester: Shop}'
    """
    flows, graph = chosen(name, paths, installed(config))
    terminal = _Keyboard() if script is None else _Script(_lines(script))
    walk = Walk(flows.by_digest, graph, flows.catalogue, terminal)
    try:
        walk.start(_given(inputs))
        walk.go_on()
    except Left:
        terminal.tell("left before the end")
    except NotAValue as error:
        report(f"the inputs do not fit: {error}")
        raise typer.Exit(2) from error
    except EOFError as error:
        report("there was nothing more to read, and the flow has not ended")
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        sys.stdout.write("\n")
        raise typer.Exit(130) from error


class _Keyboard:
    """A person at a terminal; secrets are not shown while they are typed."""

    def tell(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")

    def ask(self, question: str, *, hidden: bool = False) -> str:
        sys.stdout.flush()
        return getpass.getpass(question) if hidden and sys.stdin.isatty() else input(question)


class _Script:
    """Lines from a file, shown after the questions that they answer; secrets are masked."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def tell(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")

    def ask(self, question: str, *, hidden: bool = False) -> str:
        sys.stdout.write(question)
        line = next(self._lines, None)
        if line is None:
            sys.stdout.write("\n")
            sys.stdout.flush()
            raise EOFError
        text = line.rstrip("\n")
        sys.stdout.write(f"{'•••' if hidden else text}\n")
        return text


def _lines(file: Path) -> Iterator[str]:
    if str(file) == "-":
        return iter(sys.stdin)
    try:
        return iter(file.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        report(f"{file}: it cannot be read as text")
        raise typer.Exit(2) from error


def _given(inputs: str) -> Mapping[str, Any]:
    """Return the inputs from the command line: written there, or in the file that is named there."""
    if not inputs:
        return {}
    try:
        text = inputs if inputs.lstrip().startswith("{") else Path(inputs).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        report(f"--inputs: expected a file, or data like '{{amount: 5}}', found '{inputs}'")
        raise typer.Exit(2) from error
    return entered_fields(text)
