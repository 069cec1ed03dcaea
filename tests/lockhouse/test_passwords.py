"""argon2id, off the event loop, for people who exist and for those who do not."""

import asyncio
import os
import threading

import pytest
from argon2 import extract_parameters

from lockhouse.directory.hints import NameInvalid
from lockhouse.directory.passwords import Passwords
from lockhouse.settings import PasswordSection

pytestmark = pytest.mark.anyio

QUICK = Passwords(memory_kib=8, rounds=1, lanes=1)


async def test_the_right_password_matches_and_another_does_not() -> None:
    kept = QUICK.hash("correct horse")

    assert await QUICK.matches(kept, "correct horse")
    assert not await QUICK.matches(kept, "correct horsf")
    assert not await QUICK.matches(kept, "")


async def test_nobody_matches_nothing() -> None:
    assert not await QUICK.matches(None, "anything")
    assert not await QUICK.matches("not a hash", "anything")


async def test_two_ways_to_type_one_letter_are_one_password() -> None:
    assert await QUICK.matches(QUICK.hash("Zoe\u0308"), "Zo\u00eb")


async def test_a_password_with_an_endless_tail_does_not_match_its_beginning() -> None:
    longest = "x" * 1024

    assert await QUICK.matches(QUICK.hash(longest), longest)
    assert not await QUICK.matches(QUICK.hash(longest), longest + "y")


@pytest.mark.parametrize("password", ["", "x" * 1025])
async def test_no_password_and_an_endless_one_are_refused(password: str) -> None:
    with pytest.raises(NameInvalid, match="password"):
        QUICK.hash(password)


async def test_the_default_cost_is_the_one_that_was_measured() -> None:
    section = PasswordSection()
    passwords = Passwords(memory_kib=section.memory_kib, rounds=section.rounds, lanes=section.lanes)
    made = extract_parameters(passwords.hash("x"))

    assert (made.memory_cost, made.time_cost, made.parallelism, made.type.name) == (19 * 1024, 2, 1, "ID")


async def test_the_event_loop_goes_on_while_passwords_are_checked() -> None:
    slow = Passwords(memory_kib=64 * 1024, rounds=4, lanes=1)
    kept = slow.hash("x")
    checks = [asyncio.ensure_future(slow.matches(kept, "x")) for _ in range(4)]
    turns = 0
    while not all(check.done() for check in checks):
        await asyncio.sleep(0)
        turns += 1

    assert turns > 100
    running = [thread for thread in threading.enumerate() if thread.name.startswith("argon2id")]
    assert len(running) <= 2 * (os.cpu_count() or 1)
    slow.close()
