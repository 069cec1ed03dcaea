"""``lockhouse keys``, and the sweep that rotates what is due."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from engine.testing import FakeClock
from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from lockhouse.signing import rotate_due_keys
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]


def lives(run: Run) -> list[tuple[str, str]]:
    return [(key["algorithm"], key["state"]) for key in json.loads(run("keys", "list", "--json").out)]


def test_a_key_is_rotated_with_overlap(run: Run) -> None:
    assert lives(run) == [("RS256", "signing")]
    assert "RS256: a new key signs from" in run("keys", "rotate").out
    assert lives(run) == [("RS256", "signing"), ("RS256", "coming")]
    assert "retires" in run("keys", "list").out


def test_an_algorithm_is_added_by_its_first_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = run("keys", "rotate", "--algorithm", "ES256")
    assert (refused.code, "expected one of keys.algorithms (RS256), found ES256" in refused.err) == (2, True)
    monkeypatch.setenv("LOCKHOUSE_KEYS__ALGORITHMS", "RS256,ES256")
    assert run("keys", "rotate", "--algorithm", "ES256").code == 0
    assert lives(run) == [("RS256", "signing"), ("ES256", "coming")]


def test_a_key_is_forgotten_by_the_beginning_of_its_name_once_it_has_retired(run: Run) -> None:
    (key,) = json.loads(run("keys", "list", "--json").out)
    refused = run("keys", "forget", key["kid"])
    assert (refused.code, "which is signing" in refused.err) == (1, True)
    run("keys", "rotate", "--now")
    assert run("keys", "forget", key["kid"][:12]).out == f"key {key['kid']} can sign no more\n"
    assert "private half forgotten" in run("keys", "list").out


def test_a_client_cannot_ask_for_what_the_settings_do_not_offer(run: Run) -> None:
    said = run("client", "add", "--id", "till", "--id-token-alg", "ES256")
    assert (said.code, "add it to keys.algorithms" in said.err) == (2, True)


def test_what_is_due_is_rotated_once(home: Path) -> None:
    async def go() -> list[int]:
        clock = FakeClock()
        async with opened(load_configuration(home / "lockhouse.toml", environ={}), clock=clock) as installation:
            counts = []
            for days in (0, 89, 2, 0):
                clock.advance(timedelta(days=days))
                counts.append(len(await rotate_due_keys(installation)))
            return counts

    # the fixture's key was made by the real clock, years before the one that is moved here
    assert asyncio.run(go()) == [1, 0, 1, 0]
