"""Deadlines, timeouts and cancels: what is due fires before what comes, and never into a running task."""

from datetime import timedelta

from engine.execution import (
    Cancelled,
    Finish,
    Handle,
    Promised,
    Refuse,
    RunTask,
    Started,
    Submitted,
    TimerFired,
    WakeAt,
    Withdraw,
    position,
    transition,
)
from engine.language import Timeout
from tests.engine.execution.flows import (
    LOGIN,
    NOON,
    after,
    at_most,
    end,
    flow,
    prompt,
    task,
    to,
    value,
)
from tests.engine.execution.journeys import LOGIN_INPUTS, Journey, expense, login, only


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


def test_a_timeout_can_be_a_time_of_its_own() -> None:
    node = prompt("ask", {"submit": "done"}, timeout=Timeout(at=value("2030-01-01T12:01:00Z"), to=to("done")))
    journey = Journey(flow("timed", node, end("done", "done")), {})
    assert only(journey.commands, WakeAt).at == NOON + timedelta(minutes=1)


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
