"""``lockhouse execution``: what runs, where it stands, what happened to it, and what a person can do about it."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from engine import Engine, Step
from lockhouse.command_line.beside import beside_servers
from lockhouse.command_line.console import moment, note, print_facts, print_json, print_table, report, say, shown
from lockhouse.command_line.options import ConfigOption, JsonOption

__all__ = ["app"]

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Executions of flows: where they stand, and those that are stuck.")

_DEFAULT = Path("lockhouse.toml")
_STATUSES = ("ready", "running", "waiting", "ending", "ended", "broken")
_COLUMNS = ["id", "flow", "status", "version", "started", "wakes", "ended", "failure"]

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The execution, as `lockhouse execution list` names it.")]


@app.command("list")
def list_executions(
    *,
    flow: Annotated[str | None, typer.Option(metavar="FLOW", help="Only those of this flow.")] = None,
    status: Annotated[
        str | None, typer.Option(metavar="STATUS", help=f"Only these: one of {', '.join(_STATUSES)}.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show executions, newest first. A `broken` one has ended, and whoever had to be told could not be.

    Example: lockhouse execution list --status broken
    """
    if status is not None and status not in _STATUSES:
        report(f"--status: expected one of {', '.join(_STATUSES)}, found {status}")
        raise typer.Exit(2)
    wanted: Any = status  # it is one of the statuses
    found = _ask(config, lambda engine: engine.operations.list(flow=flow, status=wanted, limit=limit))
    rows = [_facts(each) for each in found]
    if as_json:
        print_json(rows)
    else:
        table = [{**shown(row), "version": row["version"][:12]} for row in rows]
        print_table(_COLUMNS, table, empty="no such execution")


@app.command()
def show(id_: IdArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show where one execution stands: node by node of the flows it is in, and its timers. Values are not shown."""
    found = _ask(config, lambda engine: engine.operations.show(id_))
    facts = {
        **_facts(found.listed),
        "correlation": found.listed.correlation,
        "phase": found.phase,
        "outcome": found.outcome,
        "cancel": found.cancel,
        "unreadable": found.unreadable,
        "stack": [
            {"node": each.node, "visit": each.visit, "deadline": moment(each.deadline), "timeout": moment(each.due)}
            for each in found.stack
        ],
    }
    if as_json:
        print_json(facts)
        return
    stack = " / ".join(f"{each.node} ({each.visit})" for each in found.stack)
    print_facts({**facts, "stack": stack})


@app.command()
def explain(id_: IdArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Tell what happened to an execution, line by line, with what each decision read. Secrets are masked."""
    found = _ask(config, lambda engine: engine.operations.explain(id_))
    lines = [
        {
            "revision": each.revision,
            "at": moment(each.at),
            "node": each.node,
            "what": each.kind,
            "facts": {name: _plain(value) for name, value in each.facts.items()},
        }
        for each in found.lines
    ]
    if as_json:
        print_json({"forgotten": found.forgotten, "lines": lines})
        return
    if found.forgotten != "nothing":
        note(
            "forgotten: its history is not kept any more" if found.forgotten == "all" else "its beginning is forgotten"
        )
    rows = [{**shown(line), "facts": json.dumps(line["facts"])} for line in lines]
    print_table(["revision", "at", "node", "what", "facts"], rows, empty="nothing is known any more")


@app.command()
def cancel(
    id_: IdArgument,
    *,
    reason: Annotated[str, typer.Option(metavar="WORD", help="Why, for the history.")] = "operator",
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """End an execution as cancelled; where a task runs, after its result. One that has ended stays as it is."""
    _tell(_ask(config, lambda engine: engine.cancel(id_, reason=reason)), as_json=as_json)


@app.command()
def retry(id_: IdArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Run the node of a fault once more, or tell an end again that could not be told."""
    _tell(_ask(config, lambda engine: engine.operations.retry(id_)), as_json=as_json)


def _ask(config: Path, act: Callable[[Engine], Awaitable[T]]) -> T:
    return beside_servers(config, lambda there: act(there.engine))


def _facts(listed: Any) -> dict[str, Any]:
    return {
        "id": listed.id,
        "flow": listed.flow,
        "status": listed.status,
        "version": listed.digest,
        "started": moment(listed.started_at),
        "wakes": moment(listed.wake_at),
        "ended": moment(listed.ended_at),
        "failure": listed.end_failure,
    }


def _tell(step: Step, *, as_json: bool) -> None:
    facts = {"id": step.execution, "status": step.status, "node": step.node, "outcome": step.outcome}
    if as_json:
        print_json(facts)
    else:
        say(f"execution {step.execution} {step.outcome or step.status}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
