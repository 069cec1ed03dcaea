from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from engine import Commit, Refused
from executors.password_auth import PasswordAuth, Reserved
from tests.executors.answers import NO_UNIT, settled
from tests.executors.fakes import Verifier
from tests.executors.samples import NOON, context

pytestmark = pytest.mark.anyio

GIVEN = {"subject": "ann", "password": "correct horse"}


async def attempt(
    verifier: Verifier, *, key: str = "key-1", execution: str = "execution-1", **given: str
) -> tuple[str, Mapping[str, Any]]:
    answer = await PasswordAuth(verifier=verifier).run(context(key=key, execution=execution), {**GIVEN, **given})
    return settled(PasswordAuth.contract, answer)


async def test_the_right_password_proves_who_how_and_when() -> None:
    assert await attempt(Verifier()) == ("authenticated", {"subject": "ann", "methods": ["pwd"], "at": NOON})


async def test_a_wrong_password_says_how_many_tries_are_left() -> None:
    assert await attempt(Verifier(), password="x") == ("rejected", {"attempts_left": 4})


async def test_nobody_is_rejected_like_anybody_and_compared_all_the_same() -> None:
    verifier = Verifier()

    assert await attempt(verifier, subject="nobody") == ("rejected", {"attempts_left": 4})
    assert verifier.compared == 1


async def test_the_last_wrong_password_locks() -> None:
    verifier = Verifier()
    outcomes = [await attempt(verifier, key=f"key-{number}", password="x") for number in range(6)]

    assert [outcome for outcome, _ in outcomes] == ["rejected"] * 4 + ["locked"] * 2
    assert verifier.compared == 5, "the sixth guess reached the comparison"


async def test_a_person_who_must_wait_is_not_compared() -> None:
    verifier = Verifier(waits=timedelta(seconds=8))

    assert await attempt(verifier) == ("delayed", {"wait": timedelta(seconds=8)})
    assert (verifier.compared, verifier.keys) == (0, [])


async def test_the_same_key_is_one_attempt() -> None:
    verifier = Verifier()

    await attempt(verifier, password="x")
    await attempt(verifier, password="y")

    assert verifier.keys == ["key-1"]


async def test_nothing_is_concluded_before_the_result_is_recorded() -> None:
    verifier = Verifier()

    answer = await PasswordAuth(verifier=verifier).run(context(), GIVEN)

    assert isinstance(answer, Commit)
    assert verifier.succeeded == []
    answer.act(NO_UNIT)
    assert verifier.succeeded == ["ann"]


async def test_the_first_success_wins_and_the_second_learns_it() -> None:
    verifier = Verifier()
    await attempt(verifier)

    with pytest.raises(Refused) as caught:
        await attempt(verifier, key="key-2", execution="execution-2")

    assert caught.value.reason in PasswordAuth.contract.faults


def test_a_reserved_attempt_does_not_show_what_is_kept() -> None:
    assert "canary" not in repr(Reserved(subject="ann", kept="canary"))
