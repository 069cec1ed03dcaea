"""When to poll again and when to stop, as a table of what was heard."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockhouse.client import ClientRefused, Denied, Expired, Failed, Refused
from lockhouse.client.exchange import Answer, Heard, Lost
from lockhouse.client.polling import Granted, Over, PollAt, Wait, begin, hear, hold

LOST = Lost(cause="ReadTimeout")


def said(error: str, status: int = 400, **headers: str) -> Answer:
    return Answer(status=status, headers=headers, content=f'{{"error": "{error}"}}'.encode())


def waiting(*, sent: float = 0, interval: float = 5, left: float = 120, pause: float = 0) -> Wait:
    return begin(interval=interval, left=left, now=0, pause=pause).sending(sent)


def next_poll(wait: Wait, heard: Heard, now: float) -> PollAt:
    decision = hear(wait, heard, now=now)
    assert isinstance(decision, PollAt), decision
    return decision


@pytest.mark.parametrize(
    ("heard", "now", "at"),
    [
        (said("authorization_pending"), 0.2, 5),
        (said("authorization_pending"), 3, 5),
        (said("authorization_pending"), 30, 30),  # held back for longer than the interval: at once
        (said("slow_down"), 0.2, 10),
        (said("temporarily_unavailable", 503, **{"retry-after": "17"}), 1, 18),
        (said("temporarily_unavailable", 503), 1, 5),
        (Answer(status=502, content=b"<html>"), 4.5, 5.5),
        (said("rate", 429, **{"retry-after": "2"}), 1, 5),
        (LOST, 10, 11),
    ],
)
def test_the_next_poll_comes_when_it_is_welcome(heard: Heard, now: float, at: float) -> None:
    assert next_poll(waiting(), heard, now).at == at


def test_each_slow_down_is_for_good() -> None:
    once = next_poll(waiting(), said("slow_down"), 1).wait
    twice = next_poll(once.sending(10), said("slow_down"), 11)
    after = next_poll(twice.wait.sending(25), said("authorization_pending"), 26)

    assert (twice.wait.interval, twice.at, after.at) == (15, 25, 40)


def test_a_provider_that_does_not_answer_is_left_alone_for_longer_and_longer() -> None:
    wait, now, pauses = waiting(interval=1, left=1000), 0.0, []
    for _ in range(7):
        decision = next_poll(wait.sending(now), LOST, now)
        pauses.append(decision.at - now)
        wait, now = decision.wait, decision.at

    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert next_poll(wait.sending(now), said("authorization_pending"), now).at == now + 1


def test_where_a_ping_will_tell_polls_are_rare_and_the_last_comes_at_the_end() -> None:
    wait = waiting(pause=30, left=40)
    first = next_poll(wait, said("authorization_pending"), 0.2)
    last = next_poll(first.wait.sending(30), said("authorization_pending"), 30.2)

    assert (first.at, last.at) == (30, 40)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("access_denied", Denied()),
        ("expired_token", Expired()),
        ("invalid_grant", Failed(code="invalid_grant")),
    ],
)
def test_what_is_final_ends_the_wait(error: str, outcome: Denied | Expired | Failed) -> None:
    assert hear(waiting(), said(error), now=1) == Over(outcome)


def test_tokens_end_the_wait() -> None:
    assert hear(waiting(), Answer(status=200, content=b'{"a": 1}'), now=1) == Granted({"a": 1})


@pytest.mark.parametrize(
    ("heard", "error"),
    [
        (said("invalid_request"), Refused),
        (said("invalid_client", 401), ClientRefused),
        (said("unauthorized_client"), ClientRefused),
        (Answer(status=404, content=b"<html>"), Refused),
        (Answer(status=302, content=b""), Refused),
    ],
)
def test_where_polling_is_of_no_use_it_stops(heard: Answer, error: type[Refused]) -> None:
    with pytest.raises(error):
        hear(waiting(), heard, now=1)


def test_nothing_is_asked_after_the_end_and_an_unanswered_end_is_no_knowledge() -> None:
    late = waiting(sent=128, left=120)

    assert hear(late, said("authorization_pending"), now=129) == Over(
        Expired(description="no decision came in time"), lost=False
    )
    assert hear(late, LOST, now=129) == Over(Expired(description="no decision came in time"), lost=True)


def test_a_poll_is_held_back_for_half_a_minute_and_not_beyond_the_end() -> None:
    wait = waiting(left=40)

    assert [hold(wait, now) for now in (0, 25, 50, 60)] == [30, 25, 0, 0]


PENDING = st.sampled_from([said("authorization_pending"), said("slow_down"), said("busy", 503), LOST])


@given(st.lists(st.tuples(PENDING, st.floats(0, 40)), max_size=40), st.integers(1, 60), st.integers(1, 600))
def test_whatever_is_heard_polls_keep_their_distance_and_come_to_an_end(
    heard: list[tuple[Heard, float]], interval: int, left: int
) -> None:
    wait, now, slower = begin(interval=interval, left=left, now=0), 0.0, 0
    for each, took in heard:
        sent = now
        decision = hear(wait.sending(sent), each, now=sent + took)
        slower += isinstance(each, Answer) and each.told()["error"] == "slow_down"
        if isinstance(decision, Over):
            break
        assert isinstance(decision, PollAt)
        assert math.nextafter(decision.at, math.inf) >= sent + interval + 5 * slower
        assert decision.at < left + min(2 * interval, 60)
        wait, now = decision.wait, decision.at
