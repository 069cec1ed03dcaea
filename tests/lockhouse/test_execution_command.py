"""``lockhouse execution``: what an operator sees of executions, and what they can do about them."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import Engine
from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from lockhouse.wiring import wired
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]

SOON = timedelta(minutes=10)


def inside(home: Path, act: Callable[[Engine, datetime], Any]) -> None:
    async def go() -> None:
        configuration = load_configuration(home / "lockhouse.toml", environ={})
        async with opened(configuration) as place, wired(place, work=False) as parts:
            await act(parts.engine, place.clock.now())

    asyncio.run(go())


def begin(home: Path, name: str, *, flow: str = "login_approval") -> None:
    inputs = {
        "subject": "sub-1",
        "requester": "The Shop",
        "permissions": [],
        "callback": "ciba",
        "correlation": "r1",
        "expires_at": datetime.now(UTC) + SOON,  # noqa: TID251 - the server's own clock judges it
    }

    async def act(engine: Engine, _now: datetime) -> None:
        await engine.begin(execution=name, flow=flow, inputs=inputs, on_end="ciba.login", correlation="r1")

    inside(home, act)


def test_a_server_without_executions_says_so(run: Run) -> None:
    said = run("execution", "list")
    assert (said.code, said.out) == (0, "")
    assert "no such execution" in said.err


def test_an_execution_is_listed_shown_explained_and_cancelled(run: Run, home: Path) -> None:
    begin(home, "e1")
    begin(home, "e2")
    listed = json.loads(run("execution", "list", "--flow", "login_approval", "--json").out)
    assert [(each["id"], each["status"]) for each in listed] == [("e2", "waiting"), ("e1", "waiting")]
    assert "e1" in run("execution", "list").out
    shown = json.loads(run("execution", "show", "e1", "--json").out)
    assert (shown["phase"], [each["node"] for each in shown["stack"]]) == ("prompt", ["ask_password"])
    assert "ask_password (1)" in run("execution", "show", "e1").out
    assert run("execution", "cancel", "e1", "--reason", "test").out == "execution e1 cancelled\n"
    told = json.loads(run("execution", "explain", "e1", "--json").out)
    assert (told["forgotten"], [each["what"] for each in told["lines"]]) == (
        "nothing",
        ["started", "cancelled", "ended"],
    )
    assert "cancelled" in run("execution", "explain", "e1").out
    assert json.loads(run("execution", "list", "--status", "ended", "--json").out)[0]["id"] == "e1"


@pytest.mark.parametrize("command", ["show", "explain", "cancel", "retry"])
def test_an_id_that_nobody_has_is_an_error_with_a_remedy(run: Run, command: str) -> None:
    said = run("execution", command, "nobody")
    assert said.code == 1
    assert "no execution has this id" in said.err


def test_what_goes_on_by_itself_is_not_tried_again_and_a_status_that_is_none_is_wrong_use(run: Run, home: Path) -> None:
    begin(home, "e1")
    said = run("execution", "retry", "e1")
    assert (said.code, "goes on by itself" in said.err) == (1, True)
    assert run("execution", "list", "--status", "lost").code == 2
