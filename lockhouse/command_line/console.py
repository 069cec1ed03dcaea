"""Where the command line writes: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = [
    "moment",
    "note",
    "print_facts",
    "print_json",
    "print_table",
    "report",
    "say",
    "show_finding",
    "shown",
    "working",
]

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def say(text: str) -> None:
    """Write a line of a result, for people; rich markup is allowed in it."""
    _console().print(text, highlight=False, soft_wrap=True)
    sys.stdout.flush()


def note(text: str) -> None:
    """Write a line beside the result: a warning, a hint. It is not part of what a script reads."""
    Console(stderr=True).print(Text(text), soft_wrap=True)


def report(error: str) -> None:
    """Write why nothing was done."""
    console = Console(stderr=True)
    for number, line in enumerate(error.splitlines() or [""]):
        prefix = Text("error: ", style="bold red") if number == 0 else Text("       ")
        console.print(prefix + Text(line), soft_wrap=True)


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """Show at a terminal what is being done, for as long as the block lasts; the yielded function changes the words."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _text: None
        return
    with console.status(Text(text)) as status:
        yield lambda text: status.update(Text(text))


def show_finding(status: str, check: str, says: str, remedy: str) -> None:
    """Write what one check came to, and below it what to do."""
    console = _console()
    lines = says.splitlines() or [""]
    console.print(Text(f"{status:<4}", style=_STYLES[status]) + Text(f"  {check:<14}  {lines[0]}"), soft_wrap=True)
    for line in (*lines[1:], *([f"→ {remedy}"] if remedy else ())):
        console.print(Text(f"{'':<22}{line}"), soft_wrap=True)


def print_json(value: Any) -> None:
    """Write *value* as one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, str]], *, empty: str) -> None:
    """Write *rows* as a table, or *empty* where there are none."""
    if not rows:
        note(empty)
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(row[column], overflow="fold") for column in columns))
    _console().print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Write what is known of one thing, line by line; what is not known of it is left out."""
    known = {name: str(value) for name, value in facts.items() if value not in {None, ""}}
    print_table(["name", "value"], [{"name": name, "value": value} for name, value in known.items()], empty="")


def moment(at: datetime | None) -> str | None:
    """Return a time as scripts and people read it."""
    return None if at is None else at.isoformat(timespec="seconds")


def shown(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return *facts* as a row of a table: what is not known is left empty."""
    return {name: "" if value is None else str(value) for name, value in facts.items()}


def _console() -> Console:
    return Console(file=sys.stdout)
