"""What a later node can still read is kept; a migration finds there what it reads; nothing is set for nobody."""

# ruff: noqa: E501 - flows are shown as their authors write them

import pytest

from engine.language import CheckReport, Graph, Source, check_flows, live_values
from tests.engine.language.samples import CATALOGUE, CONTRACTS, FLOWS

FLOW = """\
flow: kept
version: 1.0.0
language: 1
inputs: {who: id, amount: integer, late_note: string, until: time}
outcomes: {ok: {name: id}, late: {note: string}}
vars: {count: {type: integer, default: 0}}
deadline: {at: =inputs.until, to: late}
start: ask
nodes:
  ask:
    prompt: {title: Ask}
    show: {who: =inputs.who}
    fields: {name: id, why: string}
    routes: {submit: {to: size, set: {count: =vars.count + 1}}}
  size: {decide: [{when: =vars.count > 3, to: end}, {when: =inputs.amount > 5, to: ask}], else: confirm}
  confirm: {prompt: {title: Sure}, routes: {submit: end}}
  end: {end: ok, with: {name: =steps.ask.name}}
  late: {end: late, with: {note: =inputs.late_note}}
"""


def check(*texts: str) -> CheckReport:
    """Check flows together."""
    sources = [Source(file=f"{index}.yaml", text=text) for index, text in enumerate(texts)]
    return check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE)


def graph(text: str) -> Graph:
    """Return the graph of a flow."""
    report = check(text)
    assert report.ok, report.diagnostics
    return report.flows[0]


def shown(flow: Graph, node: str) -> set[str]:
    """Return what is live at a node, as it is written in expressions."""
    return {".".join(at) for at in live_values(flow)[node]}


def test_only_what_can_still_be_read_is_live() -> None:
    flow = graph(FLOW)
    assert shown(flow, "ask") == {"inputs.who", "inputs.amount", "inputs.late_note", "vars.count"}
    assert shown(flow, "size") == {"inputs.who", "inputs.amount", "inputs.late_note", "vars.count", "steps.ask.name"}
    assert shown(flow, "confirm") == {"inputs.late_note", "steps.ask.name"}
    assert shown(flow, "late") == {"inputs.late_note"}


def test_what_a_later_version_wants_is_kept() -> None:
    flow = graph(FLOW.replace("start: ask\n", "start: ask\nkeep: [inputs.who, steps.ask.why]\n"))
    assert {"inputs.who", "steps.ask.why"} <= shown(flow, "confirm")


def test_a_prompt_that_a_lost_secret_leads_back_to_can_be_shown_again() -> None:
    report = check_flows(
        [Source(file="login.yaml", text=FLOWS["login.yaml"])], contracts=CONTRACTS, catalogue=CATALOGUE
    )
    live = live_values(report.flows[0])
    assert ("inputs", "requester") in live["check"]
    assert ("inputs", "requester") not in live["record"]
    assert ("inputs", "permissions") in live["record"]


NEWER = FLOW.replace("version: 1.0.0", "version: 1.1.0\nmigrate: {from: 1.0.0, nodes: {ask: ask, confirm: confirm}}")


def test_a_migration_that_finds_what_it_reads_is_accepted() -> None:
    report = check(FLOW, NEWER)
    assert report.diagnostics == ()
    assert len(report.flows) == 2


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("with: {name: =steps.ask.name}", "with: {name: =inputs.who}", "LH319", "version 1.0.0 does not keep 'inputs.who' at 'confirm'"),
        ("amount: integer", "amount: id", "LH319", "'inputs.amount' had another type"),
        ("nodes: {ask: ask,", "nodes: {aks: ask,", "LH303", "version 1.0.0 has no node 'aks'"),
        ("{from: 1.0.0,", "{from: 1.0.1,", "LH318", "version 1.0.1 of 'kept' is not checked with it"),
    ],
)  # fmt: skip
def test_a_migration_that_would_lack_something_is_refused(old: str, new: str, code: str, words: str) -> None:
    text = NEWER.replace(old, new).replace(
        "=inputs.amount > 5", "=inputs.amount == inputs.who" if "amount: id" in new else "=inputs.amount > 5"
    )
    found = [one for one in check(FLOW, text).diagnostics if one.file == "1.yaml"]
    assert [one.code for one in found] == [code]
    assert words in found[0].message
    assert ("kept", "1.1.0") in {(one.name, one.version) for one in check(FLOW, text).flows} or code != "LH318"


def test_what_is_new_and_has_a_default_need_not_come_from_the_old_version() -> None:
    text = NEWER.replace("vars: {", "vars: {more: {type: integer, default: 1}, ").replace(
        "when: =vars.count > 3", "when: =vars.count > vars.more"
    )
    assert check(FLOW, text).diagnostics == ()


def test_what_is_set_for_nobody_is_told() -> None:
    (found,) = check(FLOW.replace("=vars.count > 3", "=inputs.amount > 3").replace("=vars.count + 1", "1")).diagnostics
    assert (found.code, found.severity, found.message) == ("LH703", "warning", "nothing reads the variable 'count'")
    assert [place.message for place in found.related] == ["it is set here"]
    late = FLOW.replace("routes: {submit: end}", "routes: {submit: {to: end, set: {count: 5}}}")
    (dead,) = check(late).diagnostics
    assert (dead.code, dead.line) == ("LH703", 16)
    assert "no path from 'end' reads 'vars.count'" in dead.message
