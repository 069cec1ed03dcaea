from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from engine import Commit, Context, Refused
from engine.storage import Unit
from executors.password_auth import Authenticated, Delayed, Locked, PasswordAuth, Rejected, Reserved
from tests.executors.answers import NO_UNIT, settled
from tests.executors.samples import NOON, context

pytestmark = pytest.mark.anyio

GIVEN = {"subject": "ann", "password": "correct horse"}


@dataclass
class Verifier:
    """Keeps the port's promises in memory: one attempt for each key, so many in all, one winner."""

    passwords: dict[str, str] = field(default_factory=lambda: {"ann": "correct horse"})
    most: int = 5
    waits: timedelta | None = None
    claimed_by: str | None = None
    keys: list[str] = field(default_factory=list)
    compared: int = 0
    succeeded: list[str] = field(default_factory=list)

    async def reserve(self, context: Context, subject: str) -> Reserved | Delayed | Locked:
        if self.waits is not None:
            return Delayed(wait=self.waits)
        if context.key not in self.keys:
            if len(self.keys) == self.most:
                return Locked()
            self.keys.append(context.key)
        return Reserved(subject=subject, kept=self.passwords.get(subject))

    async def matches(self, reserved: Reserved, password: str) -> bool:
        self.compared += 1
        return reserved.kept == password

    def conclude(
        self, unit: Unit, context: Context, reserved: Reserved, matched: bool
    ) -> Authenticated | Rejected | Locked:
        left = self.most - len(self.keys)
        if not matched:
            return Rejected(attempts_left=left) if left else Locked()
        if self.claimed_by not in {None, context.execution}:
            raise Refused("claimed_elsewhere")
        self.claimed_by = context.execution
        self.succeeded.append(reserved.subject)
        return Authenticated()


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
