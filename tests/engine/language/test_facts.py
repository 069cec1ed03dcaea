"""What a flow can cost at most, computed; and a loop without a bound, shown."""

# ruff: noqa: E501 - flows are shown as their authors write them

import pytest

from engine.contracts import Contract
from engine.language import Facts, Source, check_flows, facts_of

CONTRACTS = (
    Contract.declare(name="try", summary="Tries a code.", effect="transactional", inputs={"code": "code"}, outcomes={"right": {}, "wrong": {}}),
    Contract.declare(name="tell", summary="Tells somebody.", effect="transactional", inputs={"message": "message"}, outcomes={"told": {}}),
    Contract.declare(name="ask_for", summary="Answers later.", effect="external", defers=True, outcomes={"done": {}}),
)  # fmt: skip
HEAD = "flow: costs\nversion: 1.0.0\nlanguage: 1\ninputs: {until: time}\noutcomes: {ok: {}}\n"


def facts(body: str, *more: str) -> Facts:
    """Return the facts of a flow with these nodes, which may call *more*."""
    sources = [Source(file=f"{index}.yaml", text=text) for index, text in enumerate((HEAD + body, *more))]
    report = check_flows(sources, contracts=CONTRACTS)
    assert report.ok, report.diagnostics
    graphs = {graph.digest: graph for graph in report.flows}
    return facts_of(report.flows[0], graphs)


GUESSING = """\
start: ask
nodes:
  ask: {prompt: {title: Code}, fields: {code: code}, timeout: {after: 1m, to: end}, routes: {submit: try}}
  try: {task: try, with: {code: =steps.ask.code}, RETRY max_visits: {times: 3, to: end}, routes: {right: end, wrong: ask}}
  end: {end: ok}
"""


def test_a_bounded_loop_is_counted() -> None:
    found = facts(GUESSING.replace("RETRY", ""))
    assert found.attempts.most == 3
    assert found.seconds.most == 240, "the fourth answer is not tried any more, and was waited for"
    assert found.deadline is None
    assert facts(GUESSING.replace("RETRY", "retry: {attempts: 2},")).attempts.most == 6


def test_the_heaviest_of_several_paths_counts() -> None:
    found = facts("""\
start: which
nodes:
  which: {decide: [{when: =inputs.until > execution.started_at, to: a}], else: c}
  a: {task: tell, with: {message: {id: x}}, routes: {told: b}}
  b: {task: tell, with: {message: {id: x}}, routes: {told: end}}
  c: {task: tell, with: {message: {id: x}}, routes: {told: end}}
  end: {end: ok}
""")
    assert (found.notifications.most, found.seconds.most) == (2, 0)
    assert "most notifications           2" in found.to_text()


def test_what_waits_without_a_timeout_is_named() -> None:
    prompt = facts("start: ask\nnodes:\n  ask: {prompt: {title: A}, routes: {go: end}}\n  end: {end: ok}\n")
    assert prompt.seconds.most is None
    assert "'ask' waits for an answer" in prompt.to_text()
    task = facts(
        "deadline: {at: =inputs.until, to: end}\nstart: ask\nnodes:\n  ask: {task: ask_for, routes: {done: end}}\n  end: {end: ok}\n"
    )
    assert "'ask' may be answered later" in task.seconds.why
    assert task.to_json()["deadline"] == "inputs.until"
    assert "until inputs.until\n" in task.to_text()


def test_a_loop_without_a_bound_is_shown() -> None:
    found = facts("""\
start: ask
nodes:
  ask: {prompt: {title: Again?}, timeout: {after: 1m, to: end}, routes: {again: tell, enough: end}}
  tell: {task: tell, with: {message: {id: x}}, routes: {told: ask}}
  end: {end: ok}
""")
    assert found.notifications.most is None
    assert found.notifications.why == "this loop has no bound: ask → tell → ask"
    assert found.to_json()["most_notifications"] is None


def test_what_is_called_counts_as_often_as_it_is_called() -> None:
    callee = HEAD.replace("costs", "inner") + GUESSING.replace("RETRY", "")
    found = facts("""\
start: ask
nodes:
  ask: {prompt: {title: Go}, timeout: {after: 1s, to: end}, routes: {go: inner}}
  inner: {call: inner@1, with: {until: =inputs.until}, max_visits: {times: 2, to: end}, routes: {ok: ask}}
  end: {end: ok}
""", callee)  # fmt: skip
    assert found.attempts.most == 6


@pytest.mark.parametrize(("attempts", "most"), [(2, 5), (3, 15), (5, 45)])
def test_retries_take_their_time(attempts: int, most: int) -> None:
    found = facts(f"""\
start: tell
nodes:
  tell: {{task: tell, with: {{message: {{id: x}}}}, retry: {{attempts: {attempts}, backoff: 5s, max: 15s}}, routes: {{told: end}}}}
  end: {{end: ok}}
""")
    assert found.seconds.most == most
