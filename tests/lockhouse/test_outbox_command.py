"""``lockhouse outbox``: what an operator sees of messages, and what they can do about dead ones."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.storage import Outbox, OutgoingMessage, Unit
from lockhouse.command_line.outbox import masked
from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]

BEGIN = datetime(2030, 1, 1, 12, tzinfo=UTC)
CANARY = "canary-link"


def in_outbox(home: Path, act: Callable[[Unit, Outbox], object]) -> None:
    async def go() -> None:
        async with opened(load_configuration(home / "lockhouse.toml", environ={})) as installation:
            outbox = Outbox(installation.keyring)
            await installation.database.run(lambda unit: act(unit, outbox) and None)

    asyncio.run(go())


def queue(home: Path, name: str, *, sender: str = "email", to: str = "ann@example.org", at: int = 0) -> None:
    body = json.dumps({"payload": {"recipient": to, "text": CANARY}, "fields": {}}).encode()
    now = BEGIN + timedelta(seconds=at)
    in_outbox(
        home,
        lambda unit, outbox: outbox.enqueue(
            unit, id=name, task_key=f"task-{name}", execution="e1", sender=sender, payload=body, now=now
        ),
    )


def bury(home: Path, name: str) -> None:
    def act(unit: Unit, outbox: Outbox) -> bool:
        (claimed,) = [found for found in claim(unit, outbox) if found.id == name]
        return outbox.finish(unit, claimed, status="dead", now=BEGIN, error="mail_server_away")

    in_outbox(home, act)


def claim(unit: Unit, outbox: Outbox) -> tuple[OutgoingMessage, ...]:
    return outbox.claim_due(unit, now=BEGIN + timedelta(days=1), limit=9, lease=timedelta(0))


def statuses(run: Run) -> dict[str, str]:
    return {row["id"]: row["status"] for row in json.loads(run("outbox", "list", "--json").out)}


def test_an_empty_outbox_says_so(run: Run) -> None:
    said = run("outbox", "list")

    assert (said.code, said.out, said.err) == (0, "", "no such message\n")
    assert json.loads(run("outbox", "list", "--json").out) == []


def test_messages_are_listed_newest_first_and_by_status(run: Run, home: Path) -> None:
    queue(home, "m1")
    queue(home, "m2", sender="sms", to="+491701234567", at=1)
    bury(home, "m1")

    rows = json.loads(run("outbox", "list", "--json").out)
    assert [(row["id"], row["channel"], row["status"], row["tries"], row["error"]) for row in rows] == [
        ("m2", "sms", "queued", 1, None),
        ("m1", "email", "dead", 1, "mail_server_away"),
    ]
    assert rows[1]["created"] == "2030-01-01T12:00:00+00:00"
    assert [row["id"] for row in json.loads(run("outbox", "list", "--status", "dead", "--json").out)] == ["m1"]
    assert len(json.loads(run("outbox", "list", "--limit", "1", "--json").out)) == 1
    assert "mail_server_away" in run("outbox", "list").out


@pytest.mark.parametrize(
    ("to", "shown"), [("ann@example.org", "a…@e….org"), ("+491701234567", "+49…67"), ("ann@localhost", "a…@l…")]
)
def test_a_message_is_shown_without_what_it_says(run: Run, home: Path, to: str, shown: str) -> None:
    queue(home, "m1", to=to)

    facts = json.loads(run("outbox", "show", "m1", "--json").out)
    assert facts["recipient"] == masked(to) == shown
    assert facts["execution"] == "e1"
    for said in (run("outbox", "show", "m1"), run("outbox", "show", "m1", "--json"), run("outbox", "list")):
        assert said.code == 0
        assert to not in said.out
        assert CANARY not in said.out + said.err


def test_a_dead_message_is_sent_again_from_the_first_try(run: Run, home: Path) -> None:
    queue(home, "m1")
    bury(home, "m1")

    said = run("outbox", "retry", "m1")

    assert (said.code, said.out) == (0, "message m1 queued\n")
    assert json.loads(run("outbox", "show", "m1", "--json").out)["tries"] == 0
    assert statuses(run) == {"m1": "queued"}


def test_a_dead_message_is_dropped_with_what_it_said(run: Run, home: Path) -> None:
    queue(home, "m1")
    bury(home, "m1")

    assert json.loads(run("outbox", "drop", "m1", "--json").out) == {"id": "m1", "status": "dropped"}
    assert json.loads(run("outbox", "show", "m1", "--json").out)["recipient"] is None
    again = run("outbox", "retry", "m1")
    assert (again.code, again.out) == (1, "")
    assert "message m1 is dropped; only a dead one can be sent again or dropped" in again.err


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_what_is_on_its_way_is_left_alone(run: Run, home: Path, command: str) -> None:
    queue(home, "m1")

    said = run("outbox", command, "m1")

    assert said.code == 1
    assert "message m1 is queued; only a dead one" in said.err
    assert statuses(run) == {"m1": "queued"}


@pytest.mark.parametrize("command", ["show", "retry", "drop"])
def test_a_message_that_is_not_there_is_said_so(run: Run, command: str) -> None:
    said = run("outbox", command, "nothing")

    assert (said.code, said.out) == (1, "")
    assert "there is no message nothing; `lockhouse outbox list` shows those there are" in said.err


def test_a_status_that_does_not_exist_is_wrong_use(run: Run) -> None:
    said = run("outbox", "list", "--status", "sent")

    assert said.code == 2
    assert "--status: expected one of queued, delivered" in said.err
    assert "found sent" in said.err
