"""A passage comes to what the same transitions come to one by one."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.execution import (
    AwaitInput,
    AwaitSignal,
    Command,
    Event,
    Finish,
    Note,
    Passage,
    Phase,
    Refuse,
    RunTask,
    Started,
    State,
    Succeeded,
    TaskEnded,
    TimerFired,
    WakeAt,
    Withdraw,
    transition,
)
from tests.engine.execution.flows import GRAPHS, NOON
from tests.engine.execution.test_transition_properties import INPUTS, event_for, happenings, results

NEEDED = (RunTask, AwaitInput, AwaitSignal, WakeAt, Finish)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(GRAPHS)),
    st.lists(st.tuples(happenings(), st.lists(results, max_size=4)), max_size=8),
    st.lists(results, max_size=4),
)
def test_results_that_come_at_once_change_what_they_would_one_by_one(
    digest: str, story: list[tuple[tuple[type, dict[str, Any], int], list[Any]]], at_first: list[Any]
) -> None:
    now: datetime = NOON
    state = check(None, Started(execution="e", digest=digest, inputs=INPUTS[digest]), now, at_first)
    for (kind, facts, seconds), answers in story:
        now += timedelta(seconds=seconds)
        state = check(state, event_for(kind, facts, state), now, answers)


def check(before: State | None, event: Event, now: datetime, answers: list[Any]) -> State:
    """Apply *event* and as many of *answers* as there are tasks for, in both ways; return the state."""
    passage = Passage.begin(GRAPHS, before, event, now)
    state, commands = transition(GRAPHS, before, event, now)
    told, refused = of(commands, Note, Withdraw), of(commands, Refuse)
    for answer in answers:
        if (run := passage.run) is None:
            break
        assert run in commands
        assert passage.locale == state.locale
        passage.end(answer)
        state, commands = transition(GRAPHS, state, TaskEnded(key=run.key, result=answer), now)
        told += of(commands, Note, Withdraw)
    found, whole = passage.close()
    assert found == state
    assert of(whole, Note) == [each for each in told if isinstance(each, Note)]
    assert of(whole, Withdraw) == [each for each in told if isinstance(each, Withdraw)]
    assert of(whole, Refuse) == refused
    assert of(whole, *NEEDED) == of(commands, *NEEDED)
    return state


def of(commands: tuple[Command, ...], *kinds: type) -> list[Command]:
    return [command for command in commands if isinstance(command, kinds)]


def test_a_passage_that_is_refused_changes_nothing_and_has_no_task() -> None:
    state = State(execution="e", phase=Phase.ENDED, outcome="done")
    passage = Passage.begin(GRAPHS, state, TimerFired(), NOON)
    passage.end(Succeeded(outcome="done"))
    assert passage.refused is not None
    assert passage.run is None
    assert passage.close() == (state, (passage.refused,))
