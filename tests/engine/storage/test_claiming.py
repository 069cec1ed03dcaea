"""How long to wait before the next try."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.storage.claiming import backoff


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_a_cap_and_are_spread(attempt: int, jitter: float) -> None:
    first, cap = timedelta(seconds=2), timedelta(minutes=5)

    wait = backoff(attempt, jitter=jitter, first=first, cap=cap)

    whole = min(cap, first * 2 ** min(attempt - 1, 20))
    assert whole / 2 <= wait <= whole
