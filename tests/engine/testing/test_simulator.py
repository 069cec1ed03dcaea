"""Tests of flows run on the real transition, and a failure shows the way that was taken."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from engine.language import FlowTest, Graph, Place, ScriptStep
from engine.testing import TestResult, simulate
from tests.engine.execution.flows import EXPENSE, GRAPHS, LOGIN, SEND

PLACE = Place(file="login.tests.yaml", line=7, column=3)
INPUTS = {"subject": "ann", "permissions": [{"name": "pay"}], "expires_at": "+5m"}
RIGHT = ("right", {"subject": "ann", "at": "+0s"})


def step(**parts: Any) -> ScriptStep:
    return ScriptStep(place=PLACE, **parts)


def run(
    *script: ScriptStep,
    graph: Graph = LOGIN,
    inputs: Mapping[str, Any] = INPUTS,
    mocks: Mapping[str, Any] | None = None,
    ends: tuple[str, Mapping[str, Any] | None] | None = None,
) -> TestResult:
    test = FlowTest(name="t", place=PLACE, inputs=inputs, mocks=mocks or {}, script=script, ends=ends)
    return simulate(GRAPHS, graph, test)


def test_a_script_is_played_to_its_end() -> None:
    result = run(
        step(expect="ask", act="submit", values={"password": "x"}),
        step(expect="ask", says="login.wrong", act="submit", values={"password": "y"}),
        step(expect="agree", advance=timedelta(seconds=119), act="allow", values={"granted": ["pay"]}),
        mocks={"check": (("wrong", {"left": 4}), RIGHT)},
        ends=("approved", {"granted": ["pay"], "at": "2030-01-01T12:00:00Z"}),
    )
    assert result.passed, result.report()
    assert {"ask", "check", "agree", "done"} <= result.visited


def test_time_that_passes_fires_timers() -> None:
    assert run(step(expect="ask", advance=timedelta(minutes=5)), ends=("expired", None)).passed


@pytest.mark.parametrize(
    ("script", "ends", "problem"),
    [
        ([step(expect="agree")], None, "login.tests.yaml:7: expected 'agree', the flow stands at 'ask'"),
        ([step(says="hello")], None, "login.tests.yaml:7: expected the message 'hello', found none"),
        (
            [step(act="submit")],
            None,
            (
                "login.tests.yaml:7: expected 'submit' to be accepted, "
                "it was refused: invalid_fields (password: this must be given)"
            ),
        ),
        (
            [step(act="not_me"), step(act="submit")],
            None,
            "login.tests.yaml:7: expected a prompt for 'submit', the flow stands at the end 'denied'",
        ),
        ([], ("denied", {}), "login.tests.yaml:7: expected the end 'denied', the flow still stands at 'ask'"),
        (
            [step(act="not_me")],
            ("approved", None),
            "login.tests.yaml:7: expected the end 'approved', found the end 'denied'",
        ),
        (
            [step(act="submit", values={"password": "x"})],
            None,
            "login.tests.yaml:7: expected an answer, the task 'check' runs 'check', for which 'mocks' has no answer",
        ),
    ],
)
def test_a_failure_says_where_and_why(script: list[ScriptStep], ends: Any, problem: str) -> None:
    result = run(*script, ends=ends)
    assert result.problem == problem
    assert "started" in result.report()


def test_inputs_that_do_not_fit_are_named() -> None:
    result = run(inputs={**INPUTS, "subject": 1})
    assert result.problem is not None
    assert "subject" in result.problem


def test_an_outcome_with_wrong_fields_is_a_fault_of_the_task_and_one_that_is_not_there_is_named() -> None:
    script = step(act="submit", values={"password": "x"})
    assert run(
        script, mocks={"check": (("right", {}),)}, ends=("fault", {"code": "contract_broken", "node": "check"})
    ).passed
    assert run(script, mocks={"check": (("fine", {}),)}).problem == (
        "login.tests.yaml:7: expected an answer, 'check' has no outcome 'fine'"
    )


def test_faults_can_be_mocked_and_retries_pass_by_themselves() -> None:
    inputs = {"amount": 1, "manager": "bob", "until": "+1h"}
    away = ("transient", {"code": "away"})
    result = run(
        step(expect="heard", signal="paid", sender="bob", values={"reference": "r"}),
        graph=EXPENSE,
        inputs=inputs,
        mocks={"book": (away, away, ("booked", {"reference": "b"}))},
        ends=("paid", {"reference": "r"}),
    )
    assert result.passed, result.report()


def test_a_promise_can_be_mocked_and_times_out() -> None:
    result = run(
        step(expect="tell", advance=timedelta(hours=1)),
        graph=SEND,
        inputs={"recipient": "ann", "until": "+1h"},
        mocks={"notify": (("deferred", {"for": "1h"}),)},
        ends=("fault", {"code": "deferred_timeout", "node": "tell"}),
    )
    assert result.passed, result.report()
