"""A value is seen by those whom it is for; a secret part stays secret; an answer to a request does not outlive it."""

# ruff: noqa: E501 - flows are shown as their authors write them

import pytest

from engine.contracts import Contract
from engine.language import Diagnostic, Source, check_flows

CONTRACTS = (
    Contract.declare(
        name="notify",
        summary="Sends a message.",
        effect="transactional",
        inputs={"message": "message", "note": {"type": "json", "optional": True}, "score": {"type": "integer", "audience": "operators", "optional": True}, "where": {"type": "endpoint", "optional": True}},
        outcomes={"sent": {}},
    ),
)  # fmt: skip
FLOW = """\
flow: seen
version: 1.0.0
language: 1
inputs:
  score: {type: integer, audience: operators}
  amount: {type: integer, audience: person}
  ours: {type: integer, audience: approvers}
  account: {number: {type: string, secret: true}, holder: string}
  expires_at: time
  more: duration
outcomes: {done: {result: {type: integer, optional: true}, mine: {type: integer, audience: operators, optional: true}}}
vars:
  kept: {type: integer, default: 0}
  hidden: {type: integer, default: 0, audience: nobody}
  same: {type: integer, default: 0, audience: operators}
start: ask
nodes:
  ask: {prompt: {title: Hello}, show: {x: =vars.kept}, routes: {submit: tell}}
  tell:
    task: notify
    with: {message: {id: a, params: {x: =vars.kept}}}
    routes: {sent: {to: which, set: {kept: =vars.kept}}}
  which: {decide: [{when: =inputs.score + vars.hidden + vars.same > 5, to: end}], else: end}
  end: {end: done, with: {result: =vars.kept}}
"""


def check(text: str, *more: str) -> list[Diagnostic]:
    """Return what is wrong with a flow."""
    sources = [Source(file=f"{index}.yaml", text=one) for index, one in enumerate((text, *more))]
    report = check_flows(sources, contracts=CONTRACTS)
    return [found for found in report.diagnostics if found.file == "0.yaml" and found.code != "LH703"]


def edited(old: str, new: str) -> str:
    """Return the flow with one place changed."""
    assert FLOW.count(old) == 1, old
    return FLOW.replace(old, new)


def test_the_flow_as_it_stands_is_accepted() -> None:
    assert check(FLOW) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("show: {x: =vars.kept}", "show: {x: =inputs.score}", "is for operators, and the person would see it here"),
        ("show: {x: =vars.kept}", "by: bo, show: {x: =inputs.amount}", "is for the person, and approvers would see it"),
        ("submit: tell", "submit: {to: ask, say: {id: a, params: {x: =inputs.score}}}, go: tell", "the person would see it"),
        ("params: {x: =vars.kept}", "params: {x: =inputs.score}", "whoever gets the message would see it"),
        ("set: {kept: =vars.kept}", "set: {kept: =inputs.score}", "everybody who sees the variable"),
        ("result: =vars.kept", "result: =inputs.score", "whoever started the flow would see it"),
        ("result: =vars.kept", "mine: =inputs.amount", "and operators would see it"),
        ("with: {message:", "with: {score: =inputs.amount, message:", "and operators would see it"),
    ],
)  # fmt: skip
def test_nobody_else_sees_a_value(old: str, new: str, words: str) -> None:
    found = check(edited(old, new))
    assert [one.code for one in found if one.code != "LH901"] == ["LH806"]
    assert any(words in one.message for one in found)
    assert all(one.hint for one in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("show: {x: =vars.kept}", "show: {x: =inputs.amount}"),
        ("show: {x: =vars.kept}", "by: bo, show: {x: =inputs.ours}"),
        ("show: {x: =vars.kept}", "show: {x: =inputs.amount is defined}"),
        ("params: {x: =vars.kept}", "params: {x: =inputs.amount}"),
        ("set: {kept: =vars.kept}", "set: {same: =inputs.score}"),
        ("set: {kept: =vars.kept}", "set: {hidden: =inputs.score}"),
        ("result: =vars.kept", "mine: =inputs.score"),
        ("with: {message:", "with: {score: =inputs.score, message:"),
        ("with: {message:", "with: {note: =inputs.amount, message:"),
    ],
)
def test_those_for_whom_it_is_see_it(old: str, new: str) -> None:
    assert check(edited(old, new)) == []


def test_a_called_flow_keeps_what_it_is_given_for_the_same_people() -> None:
    callee = "flow: inner\nversion: 1.0.0\nlanguage: 1\ninputs: {x: AUDIENCE}\noutcomes: {ok: {}}\nstart: a\nnodes: {a: {end: ok}}\n"
    caller = edited("submit: tell", "submit: inner").replace(
        "  tell:", "  inner: {call: inner@1, with: {x: =inputs.score}, routes: {ok: tell}}\n  tell:"
    )
    (found,) = check(caller, callee.replace("AUDIENCE", "integer"))
    assert found.code == "LH806"
    assert check(caller, callee.replace("AUDIENCE", "{type: integer, audience: operators}")) == []
    assert check(caller, callee.replace("AUDIENCE", "{type: integer, audience: nobody}")) == []


def test_a_record_with_a_secret_part_is_as_secret_as_the_part() -> None:
    assert [one.code for one in check(edited("show: {x: =vars.kept}", "show: {x: =inputs.account}"))] == ["LH805"]
    assert [one.code for one in check(edited("params: {x: =vars.kept}", "params: {x: =inputs.account}"))] == ["LH805"]
    assert check(edited("show: {x: =vars.kept}", "show: {x: =inputs.account.holder}")) == []


@pytest.mark.parametrize(
    ("deadline", "code"),
    [
        ("", "LH853"),
        ("deadline: {at: =inputs.expires_at + inputs.more, to: end}\n", "LH853"),
        ("deadline: {at: =execution.started_at + inputs.more, to: end}\n", "LH853"),
        ('deadline: {at: "2040-01-01T12:00:00Z", to: end}\n', "LH853"),
        ("deadline: {at: =inputs.expires_at, to: end}\n", ""),
        ("deadline: {at: =execution.expires_at, to: end}\n", ""),
    ],
)
def test_a_flow_that_answers_a_request_does_not_outlive_it(deadline: str, code: str) -> None:
    text = edited("with: {message:", "with: {where: shop, message:").replace("start: ask\n", f"{deadline}start: ask\n")
    assert [one.code for one in check(text)] == ([code] if code else [])
    assert check(FLOW.replace("start: ask\n", f"{deadline}start: ask\n")) == []
