"""How often a client may ask (requirements 59, 62 to 64)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth2.pace import CAP, PATIENCE, STEP, TOLERANCE, Pace, Verdict, judge
from tests.protocols.world import NOON

FIVE = Pace(interval=timedelta(seconds=5), last_at=NOON)


def after(seconds: float) -> tuple[Pace, Verdict]:
    return judge(FIVE, NOON + timedelta(seconds=seconds))


def test_the_first_poll_is_never_too_early() -> None:
    first = Pace(interval=timedelta(seconds=5))
    assert judge(first, NOON) == (FIVE, Verdict.ANSWER)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(4.49, Verdict.SLOW_DOWN), (4.5, Verdict.ANSWER), (9, Verdict.ANSWER)]
)
def test_half_a_second_is_forgiven(seconds: float, verdict: Verdict) -> None:
    """Requirement 59."""
    assert after(seconds)[1] is verdict


def test_too_early_costs_five_seconds_for_good() -> None:
    """Requirement 62; mistake 14 of the reference system: slow_down that does not raise the interval."""
    slower, _ = after(1)
    assert slower.interval == timedelta(seconds=10)
    patient, verdict = judge(slower, NOON + timedelta(seconds=60))
    assert (patient.interval, patient.early, verdict) == (timedelta(seconds=10), 0, Verdict.ANSWER)


def test_a_too_early_poll_does_not_move_the_window() -> None:
    """Mistake 14 again: the next good moment counts from the last poll that was in time."""
    slower, _ = after(3)
    assert slower.last_at == NOON
    assert judge(slower, NOON + timedelta(seconds=9.5))[1] is Verdict.ANSWER


def test_the_interval_grows_at_most_once_per_elapsed_interval() -> None:
    once, _ = after(1)
    again, verdict = judge(once, NOON + timedelta(seconds=2))
    assert (again.interval, verdict) == (once.interval, Verdict.SLOW_DOWN)
    much_later = judge(
        Pace(interval=once.interval, last_at=NOON + timedelta(seconds=5), raised_at=NOON), NOON + timedelta(seconds=11)
    )
    assert much_later[0].interval == once.interval + STEP


def test_the_interval_stops_at_a_minute() -> None:
    slow = Pace(interval=timedelta(seconds=58), last_at=NOON)
    assert judge(slow, NOON + timedelta(seconds=1))[0].interval == CAP


def test_after_ten_too_early_polls_in_a_row_the_client_is_told_to_stop() -> None:
    """Requirement 63. The request stays alive, and one poll in time makes good."""
    pace, verdicts = FIVE, []
    for number in range(PATIENCE + 3):
        pace, verdict = judge(pace, NOON + timedelta(milliseconds=10 * number))
        verdicts.append(verdict)
    assert verdicts == [Verdict.SLOW_DOWN] * PATIENCE + [Verdict.STOP] * 3
    assert judge(pace, NOON + timedelta(minutes=2)) == (
        Pace(interval=pace.interval, last_at=NOON + timedelta(minutes=2), raised_at=pace.raised_at),
        Verdict.ANSWER,
    )


@given(st.lists(st.floats(min_value=0.01, max_value=90), max_size=60))
def test_whatever_a_client_does_the_interval_never_shrinks_and_waiting_it_is_enough(gaps: list[float]) -> None:
    pace, now = Pace(interval=timedelta(seconds=5)), NOON
    for gap in gaps:
        now += timedelta(seconds=gap)
        next_pace, _ = judge(pace, now)
        assert pace.interval <= next_pace.interval <= CAP
        pace = next_pace
    assert judge(pace, now + pace.interval - TOLERANCE)[1] is Verdict.ANSWER
