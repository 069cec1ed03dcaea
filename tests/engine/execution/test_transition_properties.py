"""What holds whatever happens: nothing raises, state survives storing, and the printed table is the one that runs."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.execution import (
    EVENTS,
    RULES,
    Cancelled,
    Event,
    Failed,
    Finish,
    Handle,
    Phase,
    Promised,
    Refuse,
    RunTask,
    Signalled,
    Started,
    State,
    Submitted,
    Succeeded,
    TakenUp,
    TaskEnded,
    TimerFired,
    describe,
    pack,
    position,
    transition,
    transition_table,
    unpack,
)
from tests.engine.execution.flows import COUNTING, EXPENSE, GRAPHS, LOGIN, NOON, SEND

INPUTS: dict[str, dict[str, Any]] = {
    LOGIN.digest: {"subject": "ann", "permissions": [{"name": "pay"}], "expires_at": NOON + timedelta(minutes=5)},
    SEND.digest: {"recipient": "ann", "until": NOON + timedelta(hours=1)},
    EXPENSE.digest: {"amount": 2000, "manager": "bob", "until": NOON + timedelta(hours=1)},
    COUNTING.digest: {"what": "x"},
}
OUTCOMES: list[tuple[str, dict[str, Any]]] = [
    ("right", {"subject": "ann", "at": NOON}),
    ("wrong", {"left": 1}),
    ("accepted", {"channel": "email"}),
    ("undeliverable", {"reason": "gone"}),
    ("booked", {"reference": "r"}),
    ("counted", {"total": 1}),
    ("booked", {"reference": 1}),
    ("unheard_of", {}),
]

results = st.one_of(
    st.sampled_from(OUTCOMES).map(lambda each: Succeeded(outcome=each[0], fields=each[1])),
    st.builds(
        Failed,
        kind=st.sampled_from(["transient", "refused", "fault"]),
        code=st.sampled_from(["a", "secret_lost", "abandoned"]),
    ),
    st.integers(-5, 5000).map(lambda seconds: Promised(until=NOON + timedelta(seconds=seconds))),
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just(NOON) | st.just(Handle("h")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
actions = st.sampled_from(["submit", "not_me", "allow", "deny", "fly"])
fields = st.fixed_dictionaries(
    {}, optional={"password": st.just(Handle("h")) | junk, "granted": st.just(["pay"]) | junk, "why": junk, "zzz": junk}
)
kinds = st.sampled_from([*EVENTS, Submitted, TaskEnded, TaskEnded])


@st.composite
def happenings(draw: st.DrawFn) -> tuple[type, dict[str, Any], int]:
    facts = {
        "action": draw(actions),
        "values": draw(fields),
        "result": draw(results),
        "stale": draw(st.booleans()) and draw(st.booleans()),
        "sender": draw(st.sampled_from(["bob", "eve"])),
        "payload": draw(st.just({"reference": "r"}) | st.dictionaries(st.text(max_size=3), junk, max_size=2)),
    }
    return draw(kinds), facts, draw(st.sampled_from([0, 1, 30, 300, 4000]))


def event_for(kind: type, facts: dict[str, Any], state: State | None) -> Event:
    place = "" if state is None or facts["stale"] else position(state.frames)
    key = "other" if state is None or state.task is None or facts["stale"] else state.task.key
    made: dict[type, Event] = {
        Started: Started(execution="e", digest=LOGIN.digest, inputs=facts["values"]),
        Submitted: Submitted(position=place, action=facts["action"], values=facts["values"], token="t", body="b"),
        Signalled: Signalled(signal="paid", sender=facts["sender"], payload=facts["payload"]),
        TaskEnded: TaskEnded(key=key, result=facts["result"]),
        TimerFired: TimerFired(),
        Cancelled: Cancelled(reason="because"),
        TakenUp: TakenUp(),
    }
    return made[kind]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(GRAPHS)), st.lists(happenings(), max_size=12))
def test_no_event_raises_in_any_reachable_state_and_every_state_survives_storing(
    digest: str, story: list[tuple[type, dict[str, Any], int]]
) -> None:
    now: datetime = NOON
    state, _ = transition(GRAPHS, None, Started(execution="e", digest=digest, inputs=INPUTS[digest]), now)
    for kind, facts, seconds in story:
        now += timedelta(seconds=seconds)
        before = state
        state, commands = transition(GRAPHS, state, event_for(kind, facts, state), now)
        assert State.from_json(state.to_json()) == state
        assert transition(GRAPHS, before, event_for(kind, facts, before), now) == (state, commands), "it is pure"
        check_invariants(before, state, commands)


def check_invariants(before: State, state: State, commands: tuple[Any, ...]) -> None:
    assert (state.phase is Phase.ENDED) == (state.outcome is not None)
    if before.phase is Phase.ENDED:
        assert state is before, "an end is final"
    if state.phase in (Phase.RUNNING, Phase.RETRYING, Phase.DEFERRED):
        assert state.task is not None
    else:
        assert state.task is None
    if any(isinstance(command, Finish) for command in commands):
        assert state.phase is Phase.ENDED
    for command in commands:
        if isinstance(command, RunTask):
            assert state.task is not None
            assert command.key == state.task.key
    if any(isinstance(command, Refuse) and command.code != "too_late" for command in commands):
        assert state == before, "what is refused changes nothing"


@given(junk)
def test_every_value_survives_packing(value: Any) -> None:
    assert unpack(pack(value)) == value


def test_every_cell_of_the_table_says_what_happens() -> None:
    table = transition_table()
    for phase in Phase:
        for event in EVENTS:
            assert f"| {phase.value} | {event.__name__} | {describe(phase, event)} |" in table
            assert describe(phase, event)


def test_every_phase_has_a_row_and_nothing_leaves_the_end() -> None:
    assert set(RULES) == set(Phase)
    assert RULES[Phase.ENDED] == {}
