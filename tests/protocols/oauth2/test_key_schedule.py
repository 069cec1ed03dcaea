"""The life of a signing key: announced, signing, retired, verify only (requirement 152)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from protocols.oauth2 import KeyState, KeyTimes, SchedulePolicy
from protocols.oauth2.key_schedule import overdue, plan_rotation, signer
from tests.protocols.world import NOON

CACHE, LONGEST, EVERY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=90)
POLICY = SchedulePolicy(longest_token=LONGEST, every=EVERY, cache=CACHE)
DAY = timedelta(days=1)
FIRST = KeyTimes(kid="a", algorithm="RS256", active_from=NOON)


def test_a_key_goes_through_its_states_at_its_times() -> None:
    key = KeyTimes(
        kid="a", algorithm="RS256", active_from=NOON, retired_at=NOON + 2 * DAY, unpublished_at=NOON + 3 * DAY
    )
    moments = [NOON - DAY, NOON, NOON + 2 * DAY, NOON + 3 * DAY]
    expected = [KeyState.COMING, KeyState.SIGNING, KeyState.RETIRED, KeyState.VERIFYING]
    assert [key.state(moment) for moment in moments] == expected


def test_a_key_without_its_private_half_never_signs() -> None:
    assert replace(FIRST, can_sign=False).state(NOON) is KeyState.RETIRED
    assert signer([replace(FIRST, can_sign=False)], "RS256", NOON) is None


def test_a_successor_waits_until_every_cache_has_it_and_the_old_key_stays_until_its_last_token_is_over() -> None:
    plan = plan_rotation([FIRST], "RS256", now=NOON + DAY, policy=POLICY)
    assert plan.active_from == NOON + DAY + CACHE
    assert plan.retire == ("a",)
    assert plan.unpublish_at >= plan.active_from + LONGEST


def test_at_no_moment_of_a_rotation_is_there_no_signer_or_two_that_change_places() -> None:
    plan = plan_rotation([FIRST], "RS256", now=NOON + DAY, policy=POLICY)
    old = replace(FIRST, retired_at=plan.active_from, unpublished_at=plan.unpublish_at)
    new = KeyTimes(kid="b", algorithm="RS256", active_from=plan.active_from)
    tick = timedelta(seconds=1)
    found = [signer([old, new], "RS256", plan.active_from + shift) for shift in (-tick, timedelta(0), tick)]
    assert [key.kid for key in found if key is not None] == ["a", "b", "b"]


def test_a_key_that_others_may_know_neither_signs_nor_is_shown_from_now_on() -> None:
    now = NOON + DAY
    planned = replace(FIRST, retired_at=now + CACHE, unpublished_at=now + DAY)
    coming = KeyTimes(kid="b", algorithm="RS256", active_from=now + CACHE)
    gone = KeyTimes(kid="c", algorithm="RS256", active_from=NOON - DAY, retired_at=NOON, unpublished_at=NOON)
    other = KeyTimes(kid="d", algorithm="ES256", active_from=NOON)
    plan = plan_rotation([planned, coming, gone, other], "RS256", now=now, policy=POLICY, at_once=True)
    assert (plan.active_from, plan.unpublish_at, plan.retire) == (now, now, ("a", "b"))


@pytest.mark.parametrize(
    ("age", "due"),
    [(timedelta(0), ()), (EVERY - CACHE - timedelta(seconds=1), ()), (EVERY - CACHE, ("RS256",)), (EVERY, ("RS256",))],
)
def test_a_key_is_due_one_cache_time_before_its_term(age: timedelta, due: tuple[str, ...]) -> None:
    assert overdue([FIRST], ["RS256"], now=NOON + age, policy=POLICY) == due


def test_a_term_of_none_never_comes() -> None:
    assert overdue([FIRST], ["RS256"], now=NOON + 9999 * DAY, policy=replace(POLICY, every=None)) == ()


def test_an_algorithm_without_a_key_is_due_and_one_whose_successor_waits_is_not() -> None:
    plan = plan_rotation([FIRST], "RS256", now=NOON + EVERY, policy=POLICY)
    old = replace(FIRST, retired_at=plan.active_from, unpublished_at=plan.unpublish_at)
    waiting = KeyTimes(kid="b", algorithm="RS256", active_from=plan.active_from)
    assert overdue([old, waiting], ["RS256", "ES256"], now=NOON + EVERY, policy=POLICY) == ("ES256",)
