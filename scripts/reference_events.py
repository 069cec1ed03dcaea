"""The page on events, read from the code: what can happen to an execution, and what the log says."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reference_errors import about, text_of

from engine.execution import transition_table
from engine.execution.events import EVENTS, Command

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "executors", "lockhouse", "protocols")
LEVELS = ("debug", "info", "warning", "error", "exception")

HEAD = """# Events

## What can happen to an execution

Each is recorded in one transaction with the state that it leads to."""

TABLE = """## Every phase, every event

What a transition does with each event in each phase, read from the table that runs. A timer that is due fires first."""

HISTORY = """## What the history notes

One line for each of these, in the order in which they came, with the node and with secrets masked."""

LOG = """## What the log says

`event` is the stable name; the other facts stand beside it. A line about a request has its `request_id`."""


def events_page() -> str:
    """Return the events, the commands that answer them, the kinds of notes, and the lines of the log."""
    parts = [HEAD, _classes(EVENTS), "A transition answers with any of these:", _classes(Command.__args__)]
    parts += [TABLE, transition_table().strip(), HISTORY]
    notes = [f"| `{kind}` | {listed(sorted(facts))} |" for kind, facts in sorted(note_kinds().items())]
    parts += ["\n".join(["| kind | facts |", "| --- | --- |", *notes]), LOG]
    rows = [f"| `{name}` | {level} | {facts} |" for name, level, facts in sorted(log_lines())]
    return "\n\n".join([*parts, "\n".join(["| event | level | facts |", "| --- | --- | --- |", *rows])])


def _classes(kinds: tuple[type[object], ...]) -> str:
    rows = [f"| `{kind.__name__}` | {about(kind)} |" for kind in kinds]
    return "\n".join(["| name | meaning |", "| --- | --- |", *rows])


def note_kinds() -> Mapping[str, set[str]]:
    """Return the kinds of lines that the history can have, each with the names of its facts."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for tree in trees("engine/execution"):
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="note"), args=[ast.Constant(value=str() as kind), *_]):
                    kinds[kind] |= {one.arg for one in node.keywords if one.arg}
                case _:
                    continue
    return kinds


def _first(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else None


def listed(names: Iterable[str]) -> str:
    """Return *names* as code, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def trees(*folders: str) -> Iterator[ast.AST]:
    """Yield every module below *folders*, parsed."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(file.read_text(encoding="utf-8"))


def log_lines() -> set[tuple[str, str, str]]:
    """Return each line that the log can have: its name, its level, and the facts that stand in the code."""
    return {line for tree in trees(*PACKAGES) for line in _lines_of(tree)}


def _lines_of(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "_log"), attr=level)) if level in LEVELS:
                extra = next((one.value for one in node.keywords if one.arg == "extra"), None)
                name = text_of(_first(node))
                if name:
                    yield name, "error" if level == "exception" else level, _facts_in(extra)
            case _:
                continue


def _facts_in(extra: ast.expr | None) -> str:
    """Return the names that stand in the call; `…` for those that are gathered before."""
    if isinstance(extra, ast.Dict):
        return listed(text_of(key) for key in extra.keys)
    return "" if extra is None else "…"
