"""The pure transition: every rule of the table once, and the races between them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.execution import (
    Cancelled,
    Command,
    Event,
    Failed,
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
    WakeAt,
    Withdraw,
    position,
    transition,
)
from engine.language import CallNode, Catch, Graph, SignalDeclaration, TaskNode, Timeout
from tests.engine.execution.flows import (
    EXPENSE,
    GRAPHS,
    LOGIN,
    NOON,
    SEND,
    after,
    at_most,
    call,
    decide,
    end,
    flow,
    prompt,
    retry,
    task,
    to,
    value,
    wait,
)

LOGIN_INPUTS = {
    "subject": "ann",
    "permissions": [{"name": "pay", "required": True}, {"name": "see"}],
    "expires_at": "2030-01-01T12:05:00Z",
}


class Journey:
    """One execution driven by a test."""

    def __init__(self, graph: Graph, inputs: dict[str, Any], more: dict[str, Graph] | None = None) -> None:
        self.graphs = {**GRAPHS, graph.digest: graph, **(more or {})}
        self.now = NOON
        self.state: State | None = None
        self.commands: tuple[Command, ...] = ()
        self.send(Started(execution="e1", digest=graph.digest, inputs=inputs))

    def send(self, event: Event) -> tuple[Command, ...]:
        self.state, self.commands = transition(self.graphs, self.state, event, self.now)
        assert State.from_json(self.state.to_json()) == self.state
        return self.commands

    @property
    def at(self) -> State:
        assert self.state is not None
        return self.state

    def submit(self, action: str = "submit", **values: Any) -> tuple[Command, ...]:
        return self.send(
            Submitted(position=position(self.at.frames), action=action, values=values, token="t", body="b")
        )

    def ended(self, result: Succeeded | Failed | Promised) -> tuple[Command, ...]:
        task_now = self.at.task
        assert task_now is not None
        return self.send(TaskEnded(key=task_now.key, result=result))

    def done(self, outcome: str, **fields: Any) -> tuple[Command, ...]:
        return self.ended(Succeeded(outcome=outcome, fields=fields))

    def fail(self, kind: str, code: str = "broken") -> tuple[Command, ...]:
        return self.ended(Failed(kind=kind, code=code))

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    @property
    def node(self) -> str:
        return self.at.top.node


def only(commands: tuple[Command, ...], kind: type[Any]) -> Any:
    found = [command for command in commands if isinstance(command, kind)]
    assert len(found) == 1, f"expected one {kind.__name__} in {commands}"
    return found[0]


def login() -> Journey:
    return Journey(LOGIN, LOGIN_INPUTS)


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


def test_a_task_with_a_secret_is_retried_at_once() -> None:
    journey = login()
    journey.submit(password=Handle("h1"))
    only(journey.fail("transient"), RunTask)
    assert journey.at.phase is Phase.RUNNING


def test_a_submit_at_the_deadline_is_too_late_even_if_no_sweeper_has_run() -> None:
    journey = login()
    journey.submit(password=Handle("h"))
    journey.done("right", subject="ann", at="2030-01-01T12:00:00Z")
    journey.wait(minutes=5)
    commands = journey.submit("allow", granted=["pay"])
    assert only(commands, Refuse).code == "too_late"
    assert only(commands, Finish).outcome == "expired"


def test_the_earliest_of_deadline_and_timeout_fires() -> None:
    journey = login()
    assert only(journey.commands, WakeAt).at == NOON + timedelta(minutes=4)
    journey.wait(minutes=4)
    journey.send(TimerFired())
    assert journey.at.outcome == "expired"


def test_a_timer_that_is_not_due_changes_nothing() -> None:
    journey = login()
    before = journey.at
    assert only(journey.send(TimerFired()), Refuse).code == "not_due"
    assert journey.at is before


def test_a_deadline_does_not_interrupt_a_task_and_applies_after_its_route() -> None:
    journey = login()
    journey.submit(password=Handle("h"))
    journey.wait(minutes=6)
    assert only(journey.send(TimerFired()), Refuse).code == "not_due"
    journey.done("right", subject="ann", at="2030-01-01T12:00:00Z")
    assert journey.at.outcome == "expired"


def test_where_the_result_reaches_an_end_the_end_wins_over_deadline_and_cancel() -> None:
    graph = flow(
        "short",
        task("book", "book", {"booked": "done"}, given={"what": "x"}),
        end("done", "done"),
        end("late", "late"),
        inputs={"expires_at": "time"},
        outcomes={"done": {}, "late": {}},
        deadline=("=inputs.expires_at", "late"),
    )
    journey = Journey(graph, {"expires_at": NOON + timedelta(minutes=1)})
    journey.send(Cancelled(reason="changed my mind"))
    journey.wait(minutes=2)
    journey.done("booked", reference="r")
    assert journey.at.outcome == "done"


def test_a_cancel_is_noted_while_a_task_runs_and_applies_after_its_route() -> None:
    journey = login()
    journey.submit(password=Handle("h"))
    assert journey.send(Cancelled(reason="operator")) == ()
    journey.done("wrong", left=1)
    assert (journey.at.outcome, journey.at.result) == ("cancelled", {"reason": "operator"})


def test_a_cancel_ends_what_waits_but_a_due_timer_goes_first() -> None:
    journey = login()
    journey.send(Cancelled(reason="operator"))
    assert journey.at.outcome == "cancelled"
    late = login()
    late.wait(minutes=10)
    late.send(Cancelled(reason="operator"))
    assert late.at.outcome == "expired"


def expense(amount: int = 10) -> Journey:
    return Journey(EXPENSE, {"amount": amount, "manager": "bob", "until": NOON + timedelta(hours=9)})


def test_backoff_grows_and_the_last_attempt_ends_in_a_fault() -> None:
    journey = expense()
    assert only(journey.commands, RunTask).executor == "book"
    assert only(journey.fail("transient"), WakeAt).at == NOON + timedelta(seconds=1)
    journey.wait(seconds=1)
    assert only(journey.send(TimerFired()), RunTask).attempt == 2
    assert only(journey.fail("transient"), WakeAt).at == NOON + timedelta(seconds=3)
    journey.wait(seconds=2)
    journey.send(TimerFired())
    finish = only(journey.fail("transient", "away"), Finish)
    assert (finish.outcome, finish.fields) == ("fault", {"code": "away", "node": "book"})
    assert journey.at.frames, "an operator can look at what a fault left"


def test_full_jitter_is_between_nothing_and_the_whole_and_is_the_same_each_time() -> None:
    graph = flow(
        "jittered",
        task("book", "book", {"booked": "done"}, given={"what": "x"}, retry=retry(9, backoff=8, jitter="full")),
        end("done", "done"),
    )
    times = []
    for _ in range(2):
        journey = Journey(graph, {})
        times.append(only(journey.fail("transient"), WakeAt).at)
    assert times[0] == times[1]
    assert NOON < times[0] < NOON + timedelta(seconds=8)


def test_a_caught_fault_goes_where_the_catch_says() -> None:
    journey = expense()
    journey.fail("refused", "no_seats")
    assert journey.at.outcome == "refused"


def test_an_answer_that_the_contract_does_not_declare_is_a_fault() -> None:
    journey = expense()
    finish = only(journey.done("booked", reference=3), Finish)
    assert finish.fields == {"code": "contract_broken", "node": "book"}


def test_a_called_flow_runs_in_a_frame_of_its_own_and_returns_to_its_caller() -> None:
    journey = expense(2000)
    assert [frame.node for frame in journey.at.frames] == ["tell", "tell"]
    assert position(journey.at.frames) == "tell:1/tell:1"
    journey.ended(Promised(until=NOON + timedelta(hours=1)))
    assert journey.at.phase is Phase.DEFERRED
    journey.done("accepted", channel="email")
    assert [frame.node for frame in journey.at.frames] == ["ask"]
    assert journey.at.top.steps["tell"] == {"channel": "email"}


def test_an_unrouted_fault_of_a_callee_is_inherited_by_the_caller() -> None:
    journey = expense(2000)
    finish = only(journey.fail("fault", "template"), Finish)
    assert finish.fields == {"code": "template", "node": "tell"}


def test_a_fault_of_a_callee_can_be_caught_by_the_caller() -> None:
    node = EXPENSE.nodes["tell"]
    assert isinstance(node, CallNode)
    caller = replace(node, catch=(Catch(errors=(), target=to("no")),))
    graph = replace(EXPENSE, nodes={**EXPENSE.nodes, "tell": caller})
    journey = Journey(graph, {"amount": 2000, "manager": "bob", "until": NOON + timedelta(hours=9)})
    journey.fail("fault", "template")
    assert journey.at.outcome == "refused"


def test_a_timeout_of_the_caller_drops_the_callee_and_withdraws_its_message() -> None:
    journey = expense(2000)
    key = only(journey.commands, RunTask).key
    journey.ended(Promised(until=NOON + timedelta(hours=5)))
    journey.wait(hours=2)
    commands = journey.send(TimerFired())
    assert only(commands, Withdraw).key == key
    assert journey.at.outcome == "late"


def test_a_promise_that_is_not_kept_is_a_fault() -> None:
    journey = expense(2000)
    journey.ended(Promised(until=NOON + timedelta(hours=1)))
    journey.wait(hours=1)
    finish = only(journey.send(TimerFired()), Finish)
    assert finish.fields == {"code": "deferred_timeout", "node": "tell"}


def test_an_answer_at_the_end_of_the_promise_is_too_late() -> None:
    journey = expense(2000)
    journey.ended(Promised(until=NOON + timedelta(hours=1)))
    journey.wait(hours=1)
    assert only(journey.done("accepted", channel="email"), Refuse).code == "too_late"


def test_a_reminder_counts_in_a_variable_until_it_is_enough() -> None:
    journey = expense(2000)
    for _ in range(3):
        journey.done("accepted", channel="email")
        journey.wait(hours=24)
        journey.send(TimerFired())
    assert journey.at.outcome == "late"


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


def test_a_lost_secret_leads_back_to_the_prompt_with_the_same_place_and_key() -> None:
    journey = login()
    before = position(journey.at.frames)
    key = only(journey.submit(password=Handle("h1")), RunTask).key
    journey.send(TakenUp())
    assert (journey.at.phase, position(journey.at.frames)) == (Phase.PROMPT, before)
    assert [said.id for said in journey.at.messages] == ["engine.secret_lost"]
    assert journey.at.accepted is not None
    assert journey.at.accepted.body is None
    assert journey.at.wake_at == NOON + timedelta(minutes=4), "the prompt's own timeout goes on"
    assert only(journey.submit(password=Handle("h2")), RunTask).key == key


def test_a_lost_secret_goes_where_the_flow_routes_it() -> None:
    node = LOGIN.nodes["check"]
    assert isinstance(node, TaskNode)
    routed = replace(node, catch=(Catch(errors=("secret_lost",), target=to("refused")),))
    journey = Journey(replace(LOGIN, nodes={**LOGIN.nodes, "check": routed}), LOGIN_INPUTS)
    journey.submit(password=Handle("h1"))
    journey.send(TakenUp())
    assert journey.at.outcome == "denied"


def test_an_abandoned_task_is_not_retried() -> None:
    journey = expense()
    finish = only(journey.fail("fault", "abandoned"), Finish)
    assert finish.fields == {"code": "abandoned", "node": "book"}


def test_no_graph_can_spin() -> None:
    graph = flow("round", decide("a", [("true", "b")], "b"), decide("b", [("true", "a")], "a"), end("done", "done"))
    journey = Journey(graph, {})
    assert (journey.at.outcome, journey.at.result["code"]) == ("fault", "step_budget")


def test_an_expression_that_fails_is_a_fault_of_its_node() -> None:
    graph = flow(
        "bad",
        decide("a", [("inputs.x > 1", "done")], "done"),
        end("done", "done"),
        inputs={"x": {"type": "integer", "optional": True}},
    )
    journey = Journey(graph, {})
    assert journey.at.result == {"code": "value_absent", "node": "a"}


def test_a_timeout_of_no_time_still_ends() -> None:
    graph = flow(
        "hasty",
        prompt("ask", {"submit": "done"}, timeout=after(timedelta(0), "ask"), max_visits=at_most(4, "done")),
        end("done", "done"),
    )
    assert Journey(graph, {}).at.outcome == "done"


def test_a_flow_started_after_its_deadline_goes_straight_there() -> None:
    journey = Journey(LOGIN, {**LOGIN_INPUTS, "expires_at": NOON})
    assert journey.at.outcome == "expired"


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


def test_a_deadline_that_cannot_be_computed_is_a_fault() -> None:
    for source in ("=inputs.at", "=inputs.text"):
        graph = flow(
            "timeless",
            prompt("ask", {"submit": "done"}),
            end("done", "done"),
            inputs={"at": {"type": "time", "optional": True}, "text": "string"},
            deadline=(source, "done"),
        )
        journey = Journey(graph, {"text": "noon"})
        assert journey.at.outcome == "fault"


def test_arguments_that_do_not_fit_are_a_fault_of_the_task_or_the_call() -> None:
    bad_task = flow("a", task("book", "book", {"booked": "done"}, given={"what": 7}), end("done", "done"))
    assert Journey(bad_task, {}).at.result == {"code": "arguments_invalid", "node": "book"}
    bad_call = flow("b", call("tell", SEND, {"sent": "done"}, given={"recipient": 7}), end("done", "done"))
    assert Journey(bad_call, {}).at.result == {"code": "arguments_invalid", "node": "tell"}
    missing = flow(
        "c",
        call("tell", replace(SEND, digest="gone"), {"sent": "done"}, given={"recipient": "x", "until": NOON}),
        end("done", "done"),
    )
    assert Journey(missing, {}).at.result == {"code": "unknown_flow", "node": "tell"}


def test_an_end_with_a_field_that_does_not_fit_is_a_fault() -> None:
    graph = flow("bad_end", end("done", "done", at="soon"), outcomes={"done": {"at": "time"}})
    assert Journey(graph, {}).at.result == {"code": "outcome_invalid", "node": "done"}


def test_an_outcome_of_a_callee_that_nobody_routes_is_a_fault() -> None:
    graph = flow(
        "deaf",
        call("tell", SEND, {"undeliverable": "done"}, given={"recipient": "x", "until": NOON + timedelta(hours=1)}),
        end("done", "done"),
    )
    journey = Journey(graph, {})
    journey.done("accepted", channel="c")
    assert journey.at.result == {"code": "unrouted_outcome", "node": "tell"}


def test_a_timeout_can_be_a_time_of_its_own() -> None:
    node = prompt("ask", {"submit": "done"}, timeout=Timeout(at=value("2030-01-01T12:01:00Z"), to=to("done")))
    journey = Journey(flow("timed", node, end("done", "done")), {})
    assert only(journey.commands, WakeAt).at == NOON + timedelta(minutes=1)


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


def test_a_timeout_unsets_what_an_earlier_visit_was_answered() -> None:
    graph = flow(
        "again",
        prompt("ask", {"submit": "ask"}, fields={"why": "string"}, timeout=after(timedelta(minutes=1), "done")),
        end("done", "done", why="=steps.ask.why | default('nothing')"),
        outcomes={"done": {"why": "string"}},
    )
    graphs = {graph.digest: graph}
    state, _ = transition(graphs, None, Started(execution="e", digest=graph.digest, inputs={}), NOON)
    answered = Submitted(position=position(state.frames), action="submit", values={"why": "so"})
    state, _ = transition(graphs, state, answered, NOON)
    state, _ = transition(graphs, state, TimerFired(), NOON + timedelta(minutes=1))
    assert (state.outcome, state.result) == ("done", {"why": "nothing"})
