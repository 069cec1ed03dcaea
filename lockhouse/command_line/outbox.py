"""``lockhouse outbox``: what was sent, what waits, and what was given up and needs a person."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.storage import OUTBOX_STATUSES, Outbox, OutgoingMessage, SealBroken, Unit
from lockhouse.command_line.console import moment, note, print_facts, print_json, print_table, report, say, shown
from lockhouse.command_line.options import ConfigOption, JsonOption, inside

__all__ = ["app", "masked"]

app = typer.Typer(no_args_is_help=True, help="Messages on their way: delivery status and dead letters.")

_DEFAULT = Path("lockhouse.toml")
_COLUMNS = ["id", "channel", "status", "tries", "error", "created", "next", "done"]

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The message, as `lockhouse outbox list` names it.")]


@app.command("list")
def list_messages(
    *,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help=f"Only these: {', '.join(OUTBOX_STATUSES)}; repeat it.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show messages, newest first: which channel, how it stands, how often it was tried, and why it failed.

    Example: lockhouse outbox list --status dead
    """
    statuses = tuple(status or OUTBOX_STATUSES)
    if unknown := sorted(set(statuses) - set(OUTBOX_STATUSES)):
        report(f"--status: expected one of {', '.join(OUTBOX_STATUSES)}, found {', '.join(unknown)}")
        raise typer.Exit(2)
    found = inside(config, lambda home: partial(Outbox(home.keyring).newest, limit=limit, statuses=statuses))
    if as_json:
        print_json([_facts(message) for message in found])
    else:
        print_table(_COLUMNS, [shown(_facts(message)) for message in found], empty="no such message")


@app.command()
def show(id_: IdArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show one message: where it stands, and to whom it goes, masked. What it says is never shown."""
    facts = inside(config, lambda home: partial(_details, outbox=Outbox(home.keyring), id_=id_))
    if facts is None:
        _missing(id_)
    elif as_json:
        print_json(facts)
    else:
        print_facts(facts)


@app.command()
def retry(id_: IdArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Send a dead message again, from the first try. A running server takes it up by itself."""
    done = inside(config, lambda home: partial(Outbox(home.keyring).retry, id=id_, now=home.clock.now()))
    _tell(id_, config, done=done, status="queued", as_json=as_json)


@app.command()
def drop(id_: IdArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Give a dead message up for good, and erase what it said."""
    done = inside(config, lambda home: partial(Outbox(home.keyring).drop, id=id_, now=home.clock.now()))
    _tell(id_, config, done=done, status="dropped", as_json=as_json)


def masked(address: str) -> str:
    """Return *address* so that whoever knows it recognises it, and nobody else learns it.

    >>> masked("ann@example.org"), masked("+491701234567"), masked("x")
    ('a…@e….org', '+49…67', '…')
    """
    name, at, domain = address.rpartition("@")
    if at:
        _, dot, top = domain.rpartition(".")
        return f"{name[:1]}…@{domain[:1]}…{dot + top if dot else ''}"
    return f"{address[:3]}…{address[-2:]}" if len(address) > 7 else "…"


def _details(unit: Unit, *, outbox: Outbox, id_: str) -> dict[str, Any] | None:
    message = outbox.find(unit, id_)
    if message is None:
        return None
    return {
        **_facts(message),
        "execution": message.execution,
        "useless_after": moment(message.give_up_at),
        "recipient": _recipient(outbox, message),
    }


def _recipient(outbox: Outbox, message: OutgoingMessage) -> str | None:
    """Return to whom it goes, masked; None once it is done with, or where the keys cannot open it."""
    try:
        payload: Mapping[str, Any] = json.loads(outbox.open_payload(message))["payload"]
    except (SealBroken, ValueError, KeyError):
        return None
    return masked(str(payload.get("recipient", "")))


def _facts(message: OutgoingMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "channel": message.sender,
        "status": message.status,
        "tries": message.attempts,
        "error": message.last_error,
        "created": moment(message.created_at),
        "next": moment(message.due_at if message.status == "queued" else None),
        "done": moment(message.done_at),
    }


def _missing(id_: str) -> None:
    report(f"there is no message {id_}; `lockhouse outbox list` shows those there are")
    raise typer.Exit(1)


def _tell(id_: str, config: Path, *, done: bool, status: str, as_json: bool) -> None:
    if not done:
        found = inside(config, lambda home: partial(_status_of, outbox=Outbox(home.keyring), id_=id_))
        if found is None:
            _missing(id_)
        report(f"message {id_} is {found}; only a dead one can be sent again or dropped")
        raise typer.Exit(1)
    if as_json:
        print_json({"id": id_, "status": status})
    else:
        say(f"message {id_} {status}")
        if status == "queued":
            note("A running server sends it within seconds; otherwise the next one that starts.")


def _status_of(unit: Unit, *, outbox: Outbox, id_: str) -> str | None:
    message = outbox.find(unit, id_)
    return None if message is None else message.status
