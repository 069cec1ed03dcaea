"""The pure transition: answers, calls, signals and take-ups, and what is stored between them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.execution import (
    Cancelled,
    Finish,
    Handle,
    Note,
    Phase,
    Promised,
    Refuse,
    RunTask,
    Signalled,
    Started,
    State,
    StateUnreadable,
    Submitted,
    Succeeded,
    TakenUp,
    TaskEnded,
    TimerFired,
    position,
    transition,
)
from engine.language import SignalDeclaration
from tests.engine.execution.flows import (
    EXPENSE,
    LOGIN,
    NOON,
    SEND,
    call,
    end,
    flow,
    prompt,
    value,
    wait,
)
from tests.engine.execution.journeys import LOGIN_INPUTS, Journey, expense, login, only


def test_a_login_goes_from_prompt_to_task_to_prompt_to_end() -> None:
    journey = login()
    assert (journey.at.phase, journey.node) == (Phase.PROMPT, "ask")

    run = only(journey.submit(password=Handle("h1")), RunTask)
    assert run.arguments == {"subject": "ann", "password": Handle("h1")}

    journey.done("right", subject="ann", at="2030-01-01T12:00:00Z")
    assert "password" not in journey.at.top.steps["ask"]
    finish = only(journey.submit("allow", granted=["pay"]), Finish)
    assert (finish.outcome, finish.fields) == ("approved", {"granted": ["pay"], "at": NOON})
    assert journey.at.frames == ()


def test_inputs_that_do_not_fit_start_nothing() -> None:
    journey = Journey(LOGIN, {**LOGIN_INPUTS, "subject": 3, "more": 1})
    refused = only(journey.commands, Refuse)
    assert {problem.field for problem in refused.problems} == {"subject", "more"}
    assert journey.at.phase is Phase.NEW


def test_every_bad_field_is_named_and_the_step_stays() -> None:
    journey = login()
    journey.submit(password=Handle("h"))
    journey.done("right", subject="ann", at="2030-01-01T12:00:00Z")
    before = journey.at
    refused = only(journey.submit("allow", granted=["see", "fly"], extra=1), Refuse)
    assert {problem.field for problem in refused.problems} == {"granted", "extra"}
    refused = only(journey.submit("allow", granted=["see"]), Refuse)
    assert [problem.code for problem in refused.problems] == ["choice_required"]
    assert journey.at is before


def test_an_action_that_does_not_submit_takes_no_values() -> None:
    journey = login()
    finish = only(journey.submit("not_me", password="anything", rubbish=1), Finish)
    assert finish.outcome == "denied"


def test_an_action_that_is_not_there_and_a_step_that_has_moved_on_are_refused() -> None:
    journey = login()
    assert only(journey.submit("fly"), Refuse).code == "unknown_action"
    stale = Submitted(position="ask:7", action="submit")
    assert only(journey.send(stale), Refuse).code == "other_step"


def test_what_is_said_is_shown_at_the_next_prompt_and_then_gone() -> None:
    journey = login()
    journey.submit(password=Handle("h1"))
    journey.done("wrong", left=2)
    assert [(said.id, said.params) for said in journey.at.messages] == [("login.wrong", {"left": 2})]
    journey.submit(password=Handle("h2"))
    assert journey.at.messages == ()


def test_the_entry_after_the_last_visit_goes_on_without_running() -> None:
    journey = login()
    for number in range(3):
        journey.submit(password=Handle(f"h{number}"))
        journey.done("wrong", left=2)
    assert journey.at.outcome == "locked"


def test_visits_of_one_node_have_keys_of_their_own_and_retries_share_one() -> None:
    journey = login()
    first = only(journey.submit(password=Handle("h1")), RunTask)
    again = only(journey.fail("transient"), RunTask)
    journey.done("wrong", left=2)
    second = only(journey.submit(password=Handle("h2")), RunTask)
    assert first.key == again.key != second.key
    assert (first.attempt, again.attempt, second.attempt) == (1, 2, 1)


def test_a_called_flow_runs_in_a_frame_of_its_own_and_returns_to_its_caller() -> None:
    journey = expense(2000)
    assert [frame.node for frame in journey.at.frames] == ["tell", "tell"]
    assert position(journey.at.frames) == "tell:1/tell:1"
    journey.ended(Promised(until=NOON + timedelta(hours=1)))
    assert journey.at.phase is Phase.DEFERRED
    journey.done("accepted", channel="email")
    assert [frame.node for frame in journey.at.frames] == ["ask"]
    assert journey.at.top.steps["tell"] == {"channel": "email"}


def test_a_signal_goes_on_and_its_sender_and_payload_are_checked() -> None:
    journey = expense()
    journey.done("booked", reference="r")
    assert journey.at.phase is Phase.WAITING
    wrong = Signalled(signal="paid", sender="eve", payload={"reference": "x"})
    assert only(journey.send(wrong), Refuse).code == "not_allowed"
    bad = Signalled(signal="paid", sender="bob", payload={"reference": 1})
    assert only(journey.send(bad), Refuse).code == "invalid_fields"
    other = Signalled(signal="lost", sender="bob")
    assert only(journey.send(other), Refuse).code == "unknown_signal"
    journey.send(Signalled(signal="paid", sender="bob", payload={"reference": "x"}))
    assert (journey.at.outcome, journey.at.result) == ("paid", {"reference": "x"})


def test_an_early_signal_is_kept_where_the_flow_says_so() -> None:
    journey = expense()
    journey.send(Signalled(signal="paid", sender="bob", payload={"reference": "early"}))
    journey.done("booked", reference="r")
    assert journey.at.result == {"reference": "early"}


def test_an_early_signal_is_refused_where_the_flow_says_so() -> None:
    declared = replace(EXPENSE.signals["paid"], early="refuse")
    graph = replace(EXPENSE, signals={"paid": declared})
    journey = Journey(graph, {"amount": 1, "manager": "bob", "until": NOON})
    early = Signalled(signal="paid", sender="bob", payload={"reference": "early"})
    assert only(journey.send(early), Refuse).code == "too_early"


def test_a_take_up_runs_the_same_task_under_the_same_key() -> None:
    journey = expense()
    key = only(journey.commands, RunTask).key
    again = only(journey.send(TakenUp()), RunTask)
    assert (again.key, again.attempt) == (key, 1)


def test_a_take_up_past_a_due_timer_or_a_noted_cancel_applies_that_instead() -> None:
    journey = expense(2000)
    journey.wait(hours=3)
    journey.send(TakenUp())
    assert journey.at.outcome == "late"
    cancelled = expense()
    cancelled.send(Cancelled(reason="operator"))
    cancelled.send(TakenUp())
    assert cancelled.at.outcome == "cancelled"


def test_the_history_masks_secrets_and_tells_what_decisions_read() -> None:
    journey = login()
    notes = [command for command in journey.submit(password=Handle("h1")) if isinstance(command, Note)]
    assert [(note.kind, note.facts["password"]) for note in notes] == [("answered", "•••")]
    large = expense(2000)
    decided = next(command for command in large.commands if isinstance(command, Note) and command.kind == "decided")
    assert decided.facts == {"case": 0, "to": "tell", "read": {"inputs.amount": 2000}}


@pytest.mark.parametrize("name", ["kind", "node", "self", "action_taken"])
def test_a_field_may_be_called_like_anything(name: str) -> None:
    asking = flow("asking", prompt("ask", {"submit": "done"}, fields={name: {"type": "string"}}), end("done", "done"))
    graphs = {asking.digest: asking}
    state, _ = transition(graphs, None, Started(execution="e", digest=asking.digest, inputs={}), NOON)
    said = Submitted(position=position(state.frames), action="submit", values={name: "x"})
    ended, commands = transition(graphs, state, said, NOON)
    assert ended.outcome == "done"
    assert Note(kind="answered", node="ask", facts={"action": "submit", name: "x"}) in commands


def test_a_deferred_flow_completes_by_its_key_only() -> None:
    journey = Journey(SEND, {"recipient": "ann", "until": NOON + timedelta(hours=1)})
    journey.ended(Promised(until=NOON + timedelta(hours=1)))
    other = TaskEnded(key="other", result=Succeeded(outcome="accepted", fields={"channel": "x"}))
    assert only(journey.send(other), Refuse).code == "other_task"
    journey.done("undeliverable", reason="no_address")
    assert journey.at.outcome == "undeliverable"


@pytest.mark.parametrize("node", ["wait", "prompt"])
def test_times_in_state_are_native_again_after_storing(node: str) -> None:
    stands = wait("here", "s", "done") if node == "wait" else prompt("here", {"submit": "done"})
    graph = flow(
        "times",
        stands,
        end("done", "done", at="=inputs.at"),
        inputs={"at": "time", "any": "json"},
        outcomes={"done": {"at": "time"}},
        signals=EXPENSE.signals,
    )
    journey = Journey(graph, {"at": NOON, "any": {"$time": "not a time", "in": [{"$map": 1}]}})
    restored = State.from_json(journey.at.to_json())
    assert restored.top.inputs == {"at": NOON, "any": {"$time": "not a time", "in": [{"$map": 1}]}}


def test_a_state_of_another_version_is_not_read() -> None:
    with pytest.raises(StateUnreadable):
        State.from_json({**login().at.to_json(), "version": 99})


def test_a_state_on_a_graph_that_is_not_there_is_left_alone() -> None:
    state = login().at
    assert transition({}, state, TimerFired(), NOON) == (state, (Refuse(code="unknown_flow"),))
    started = Started(execution="e", digest="nothing", inputs={})
    assert only(transition({}, None, started, NOON)[1], Refuse).code == "unknown_flow"


def test_an_early_signal_is_heard_by_the_flow_that_declares_it_and_never_by_its_caller() -> None:
    def declared(sender: str) -> dict[str, SignalDeclaration]:
        return {"paid": SignalDeclaration(sender=value(sender), payload={}, early="keep")}

    inner = flow("inner", prompt("ask", {"submit": "done"}), end("done", "done"), signals=declared("eve"))
    outer = flow(
        "outer",
        call("first", inner, {"done": "heard"}, given={}),
        wait("heard", "paid", "done"),
        end("done", "done"),
        signals=declared("ann"),
    )
    graphs = {each.digest: each for each in (inner, outer)}
    state, _ = transition(graphs, None, Started(execution="e", digest=outer.digest, inputs={}), NOON)
    state, commands = transition(graphs, state, Signalled(signal="paid", sender="eve"), NOON)
    assert not any(isinstance(each, Refuse) for each in commands), "the called flow keeps it"
    answered = Submitted(position=position(state.frames), action="submit")
    state, _ = transition(graphs, state, answered, NOON)
    assert state.phase is Phase.WAITING, "eve may not tell the caller that it is paid"
    assert not any(state.signals.values())
