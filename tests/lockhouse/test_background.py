"""Work that comes back."""

import asyncio
from datetime import timedelta

import pytest

from lockhouse.background import Sweep, sweeping

pytestmark = pytest.mark.anyio

SOON = timedelta(milliseconds=1)


class Work:
    """Due work that tells how often it was called; each answer is a number of rows, or an error."""

    def __init__(self, *answers: int | Exception) -> None:
        self._answers = list(answers)
        self.calls = 0
        self.done = asyncio.Event()

    async def __call__(self) -> int:
        self.calls += 1
        answer = self._answers.pop(0) if self._answers else 0
        if not self._answers:
            self.done.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_sweep_goes_on_at_once_while_there_is_more() -> None:
    work = Work(100, 100, 3, 0)
    async with sweeping([Sweep(name="x", every=timedelta(hours=1), act=work)]):
        await asyncio.wait_for(work.done.wait(), 5)

    assert work.calls == 4


async def test_a_failure_ends_neither_the_sweep_nor_another_one() -> None:
    broken, other = Work(ConnectionError(), ConnectionError(), 0), Work(0, 0, 0)
    async with sweeping([Sweep(name="a", every=SOON, act=broken), Sweep(name="b", every=SOON, act=other)]):
        await asyncio.wait_for(asyncio.gather(broken.done.wait(), other.done.wait()), 5)

    assert (broken.calls >= 3, other.calls >= 3) == (True, True)


async def test_sweeps_stop_with_their_block() -> None:
    work = Work(0)
    async with sweeping([Sweep(name="x", every=SOON, act=work)]):
        await work.done.wait()
    calls = work.calls
    for _ in range(10):
        await asyncio.sleep(0)

    assert work.calls == calls
