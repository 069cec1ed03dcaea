"""The fakes keep their promises."""

from datetime import timedelta

import pytest

from engine import Context, Done, Transient
from engine.testing import AnswersUsedUp, FakeClock, FakeExecutor
from tests.engine.execution.flows import BOOK, NOON

pytestmark = pytest.mark.anyio


def context(key: str, attempt: int = 1) -> Context:
    return Context(
        key=key,
        execution="e",
        correlation="c",
        flow="f",
        digest="d",
        node="book",
        visit=1,
        attempt=attempt,
        now=NOON,
        locale="en",
    )


def test_a_fake_clock_moves_only_when_it_is_moved() -> None:
    clock = FakeClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(timedelta(seconds=1))
    assert clock.now() == NOON + timedelta(seconds=1)


async def test_a_fake_executor_answers_in_order_and_a_repetition_gets_the_same() -> None:
    first, last = Done("booked", {"reference": "1"}), Done("booked", {"reference": "2"})
    fake = FakeExecutor(BOOK, Transient("away"), first, last)
    with pytest.raises(Transient):
        await fake.run(context("k"), {})
    assert await fake.run(context("k", 2), {}) == first
    assert await fake.run(context("k", 2), {}) == first
    assert await fake.run(context("other"), {}) == last
    assert await fake.run(context("third"), {}) == last
    assert len(fake.asked) == 5


async def test_a_fake_executor_without_an_answer_says_so() -> None:
    with pytest.raises(AnswersUsedUp):
        await FakeExecutor(BOOK).run(context("k"), {})
