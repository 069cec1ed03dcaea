"""What goes wrong in a node: tried again, caught, inherited by the caller, or the end."""

from dataclasses import replace
from datetime import timedelta

from engine.execution import (
    Finish,
    Handle,
    Phase,
    RunTask,
    TakenUp,
    TimerFired,
    WakeAt,
    position,
)
from engine.language import CallNode, Catch, TaskNode
from tests.engine.execution.flows import (
    EXPENSE,
    LOGIN,
    NOON,
    SEND,
    call,
    decide,
    end,
    flow,
    retry,
    task,
    to,
)
from tests.engine.execution.journeys import LOGIN_INPUTS, Journey, expense, login, only


def test_a_task_with_a_secret_is_retried_at_once() -> None:
    journey = login()
    journey.submit(password=Handle("h1"))
    only(journey.fail("transient"), RunTask)
    assert journey.at.phase is Phase.RUNNING


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
