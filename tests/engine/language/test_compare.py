"""What changes between two versions of a flow, and whether somebody must act."""

# ruff: noqa: E501 - one case, one line

import pytest

from engine.contracts import Contract, frozen, parse_fields
from engine.language import Catalogue, Change, FlowSet, Source, check_flows, compare_flows, compare_graphs
from engine.language.compare_change import declaration_differences
from tests.engine.language.samples import CATALOGUE, CONTRACTS, FLOWS

OLD = """\
flow: approve
version: 1.0.0
language: 1
inputs: {who: id, amount: {type: integer, max: 100}, note: {type: string, optional: true}}
outcomes: {yes_to_it: {by: [ann, bob]}, refused: {}}
signals: {booked: {from: =inputs.who, payload: {reference: string}, early: keep}}
deadline: {at: =execution.expires_at, to: late}
start: ask
nodes:
  ask:
    prompt: {title: Right?}
    show: {amount: =inputs.amount, note: "=inputs.note | default('')"}
    fields: {why: {type: string, max: 200, optional: true}}
    routes: {submit: pay, refuse: late}
  pay:
    task: charge
    with: {amount: =inputs.amount}
    routes: {charged: hear, declined: late}
  hear: {wait: booked, routes: {signalled: done}, timeout: {after: 1h, to: late}}
  done: {end: yes_to_it, with: {by: ann}}
  late: {end: refused}
"""


def graphs(text: str, contracts: tuple[Contract, ...] = CONTRACTS) -> FlowSet:
    ids = (
        "approve.ask.title",
        "approve.ask.fields.why.label",
        "approve.ask.actions.submit.label",
        "approve.ask.actions.refuse.label",
        "approve.ask.show.amount",
        "approve.ask.show.note",
        "approve.no",
    )
    texts = Catalogue(languages=frozen({"en": frozen(dict.fromkeys(ids, "…"))}))
    report = check_flows([Source(file="approve.yaml", text=text)], contracts=contracts, catalogue=texts)
    assert report.ok, report.errors
    return FlowSet(flows=report.flows)


def changes(*edits: tuple[str, str], version: str = "1.1.0") -> dict[str, tuple[str, bool, tuple[str, ...]]]:
    text = OLD.replace("version: 1.0.0", f"version: {version}")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    found = compare_flows(graphs(OLD), graphs(text))
    return {change.path: (change.kind, change.breaking, change.affects) for change in found if change.path != "version"}


def test_nothing_changes_from_a_flow_to_itself() -> None:
    assert compare_flows(graphs(OLD), graphs(OLD)) == ()
    assert compare_flows(graphs(OLD), graphs(f"# a comment\n{OLD}")) == ()


@pytest.mark.parametrize(
    ("old", "new", "path", "expected"),
    [
        ("{who: id,", "{who: id, more: id,", "inputs.more", ("input", True, ("callers",))),
        ("{who: id,", "{who: id, more: {type: id, optional: true},", "inputs.more", ("input", False, ("callers",))),
        ("max: 100}", "max: 50}", "inputs.amount", ("input", True, ("callers",))),
        ("max: 100}", "max: 500}", "inputs.amount", ("input", False, ("callers",))),
        ("by: [ann, bob]", "by: [ann, bob, eve]", "outcomes.yes_to_it.by", ("outcome", True, ("callers",))),
        ("by: [ann, bob]", "by: [ann]", "outcomes.yes_to_it.by", ("outcome", False, ("callers",))),
        ("payload: {reference: string}", "payload: {reference: id}", "signals.booked.payload.reference", ("signal", True, ("senders",))),
        ("early: keep", "early: refuse", "signals.booked.early", ("signal", True, ("senders",))),
        ("max: 200, optional: true}", "max: 200}", "nodes.ask.fields.why", ("prompt", True, ("front ends",))),
        ("{amount: =inputs.amount, note:", "{note:", "nodes.ask.show.amount", ("prompt", True, ("front ends",))),
        (", refuse: late}", "}", "nodes.ask.routes.refuse", ("prompt", True, ("front ends",))),
        ("title: Right?", "title: Is it?", "nodes.ask", ("text", False, ("people",))),
        ("declined: late}", "declined: ask}\n    max_visits: {times: 3, to: late}", "nodes.pay.routes.declined", ("route", False, ("people",))),
        ("after: 1h", "after: 2h", "nodes.hear.timeout", ("route", False, ("people",))),
        ("with: {amount: =inputs.amount}", "with: {amount: 1}", "nodes.pay", ("node-changed", False, ("people",))),
        ("start: ask", "start: pay", "start", ("route", False, ("people",))),
        ("deadline: {at: =execution.expires_at, to: late}\n", "", "deadline", ("time", False, ("people", "callers"))),
    ],
)  # fmt: skip
def test_each_change_says_where_whether_it_breaks_and_whom(
    old: str, new: str, path: str, expected: tuple[str, bool, tuple[str, ...]]
) -> None:
    edits = [(old, new)]
    if path == "start":  # nobody else leads to the prompt
        edits.append(("declined: late}", "declined: ask}"))
        edits.append(("submit: pay, refuse: late}", "submit: late, refuse: late}"))
    assert changes(*edits)[path] == expected


def test_a_node_of_another_kind_concerns_who_waits_there() -> None:
    edit = (
        "  hear: {wait: booked, routes: {signalled: done}, timeout: {after: 1h, to: late}}",
        "  hear: {decide: [], else: done}",
    )
    signals = ("signals: {booked: {from: =inputs.who, payload: {reference: string}, early: keep}}\n", "")
    assert changes(edit, signals)["nodes.hear"] == ("node-kind", True, ("waiting executions", "people"))


def test_an_end_or_a_decision_that_is_gone_breaks_nobody() -> None:
    text = OLD.replace("charged: hear", "charged: soon").replace(
        "  done: {", "  soon: {decide: [], else: hear}\n  done: {"
    )
    found = compare_graphs(graphs(text).flows[0], graphs(OLD).flows[0])
    assert [(each.path, each.breaking) for each in found if each.kind == "node-removed"] == [("nodes.soon", False)]


def test_prompts_tell_front_ends_what_is_new() -> None:
    found = changes(
        ("{amount: =inputs.amount, note:", "{amount: =inputs.amount, who: =inputs.who, note:"),
        ("refuse: late}", "refuse: late, later: ask}"),
        ("    routes: {submit", "    by: =inputs.who\n    routes: {submit"),
    )
    assert found["nodes.ask.show.who"] == ("prompt", False, ("front ends",))
    assert found["nodes.ask.routes.later"] == ("route", False, ("people",))
    assert found["nodes.ask"] == ("prompt", True, ("front ends",))


def test_texts_of_the_catalogue_and_messages_on_the_way_are_told() -> None:
    found = changes(
        ("prompt: {title: Right?}", "prompt: approve.ask"),
        ("declined: late}", "declined: {to: late, say: approve.no}}"),
    )
    assert found["nodes.ask"] == ("text", False, ("people",))
    assert found["nodes.pay.routes.declined"] == ("route", False, ("people",))


def test_a_signal_may_come_from_others() -> None:
    assert changes(("from: =inputs.who", "from: bob"))["signals.booked.from"] == ("signal", True, ("senders",))


def test_an_outcome_that_is_gone_breaks_callers() -> None:
    text = OLD.replace("refused: {}}", "refused: {}, lost: {}}").replace("declined: late}", "declined: lost}")
    text = text.replace("  late: {", "  lost: {end: lost}\n  late: {")
    found = compare_graphs(graphs(text).flows[0], graphs(OLD).flows[0])
    assert [each.breaking for each in found if each.path == "outcomes.lost"] == [True]


def test_an_executor_comes_and_goes_and_promises_something_else() -> None:
    def paid(**promises: object) -> FlowSet:
        contract = Contract.from_json({**CONTRACTS[2].to_json(), **promises})
        return graphs(OLD, (contract,))

    (found,) = [each for each in compare_flows(graphs(OLD), paid(takes_key=True)) if each.kind == "executor"]
    assert (found.path, found.message, found.breaking) == ("executors.charge", "promises something else", True)
    text = OLD.replace(
        "  pay:\n    task: charge\n    with: {amount: =inputs.amount}\n    routes: {charged: hear, declined: late}",
        "  pay: {decide: [], else: hear}",
    )
    gone = {each.path: each.breaking for each in compare_flows(graphs(OLD), graphs(text))}
    assert gone["executors.charge"] is False
    assert {each.path: each.breaking for each in compare_flows(graphs(text), graphs(OLD))}["executors.charge"] is True


def test_an_executor_with_another_outcome_breaks_who_runs_it() -> None:
    raw = CONTRACTS[2].to_json()
    more = Contract.from_json({**raw, "outcomes": {**raw["outcomes"], "pending": {}}})
    text = OLD.replace("declined: late}", "declined: late, pending: late}")
    found = compare_flows(graphs(OLD), graphs(text, (more,)))
    assert [each.breaking for each in found if each.path == "executors.charge.outcomes.pending"] == [True]


def test_an_outcome_more_breaks_callers_and_so_does_one_less() -> None:
    more = changes(
        ("refused: {}}", "refused: {}, lost: {}}"),
        ("to: late}\nstart", "to: lost}\nstart"),
        ("  late: {", "  lost: {end: lost}\n  late: {"),
    )
    assert more["outcomes.lost"] == ("outcome", True, ("callers",))
    assert more["nodes.lost"] == ("node-added", False, ("people",))


def test_a_node_that_is_gone_concerns_who_waits_there_unless_they_are_taken_along() -> None:
    gone = (
        ("charged: hear,", "charged: done,"),
        ("  hear: {wait: booked, routes: {signalled: done}, timeout: {after: 1h, to: late}}\n", ""),
        ("signals: {booked: {from: =inputs.who, payload: {reference: string}, early: keep}}\n", ""),
    )
    without = changes(*gone)
    assert without["nodes.hear"] == ("node-removed", True, ("waiting executions",))
    assert without["signals.booked"] == ("signal", True, ("senders",))
    taken = changes(*gone, ("language: 1", "language: 1\nmigrate: {from: 1.0.0, nodes: {hear: done}}"))
    assert taken["nodes.hear"] == ("node-removed", False, ("waiting executions",))


@pytest.mark.parametrize(
    ("version", "edit", "breaking"),
    [
        ("1.0.0", ("title: Right?", "title: Is it?"), True),
        ("1.0.1", ("title: Right?", "title: Is it?"), False),
        ("1.1.0", ("max: 100}", "max: 50}"), True),
        ("2.0.0", ("max: 100}", "max: 50}"), True),
    ],
)
def test_a_version_tells_callers_what_to_expect(version: str, edit: tuple[str, str], *, breaking: bool) -> None:
    new = graphs(OLD.replace("1.0.0", version).replace(*edit))
    found = compare_flows(graphs(OLD), new)
    assert [change.breaking for change in found if change.path == "version"] == [breaking]
    assert not compare_graphs(graphs(OLD).flows[0], new.flows[0], {1, 2})[0].breaking or version != "2.0.0"


def test_a_contract_that_changes_concerns_who_runs_the_executor() -> None:
    charge = Contract.declare(
        name="charge",
        summary="Charges a card.",
        effect="external",
        inputs={"amount": "integer", "currency": {"type": "string", "default": "EUR"}},
        outcomes={"charged": {"receipt": "string"}, "declined": {}},
    )
    found = compare_flows(graphs(OLD), graphs(OLD, (charge,)))
    told = {change.path: change.breaking for change in found if change.kind == "executor"}
    assert told["executors.charge.inputs.amount"] is True
    assert told["executors.charge.inputs.currency"] is False
    assert told["executors.charge.inputs.when"] is True


def test_flows_and_texts_come_and_go() -> None:
    sources = [Source(file=name, text=text) for name, text in FLOWS.items()]
    whole = FlowSet(flows=check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE).flows, catalogue=CATALOGUE)
    found = compare_flows(whole, FlowSet(flows=whole.flows[:2]))
    assert found[0] == Change(
        flow="expense",
        path="flow",
        kind="flow-removed",
        message="the flow is no longer there",
        breaking=True,
        affects=("callers", "operators"),
    )
    assert {change.kind for change in found[1:]} == {"text-removed"}
    back = compare_flows(FlowSet(flows=whole.flows[:2]), whole)
    assert {change.kind for change in back} == {"flow-added", "text-added"}
    assert not any(change.breaking for change in back)
    assert back[0].to_json()["affects"] == []


@pytest.mark.parametrize(
    ("old", "new", "less", "more"),
    [
        ("string", "id", True, True),
        ("integer", "number", False, True),
        ("list of string", "list of id", True, True),
        ({"a": "string"}, {"a": "string", "b": "string"}, True, False),
        ("string", {"type": "string", "default": "x"}, False, False),
        ("string", {"type": "string", "optional": True}, False, True),
        ({"type": "string", "default": "x"}, {"type": "string", "default": "y"}, False, False),
        ({"type": "string", "default": "x"}, {"type": "string", "optional": True}, False, True),
        ("string", {"type": "string", "min": 1}, True, False),
        ({"type": "string", "min": 1}, "string", False, True),
        ("string", {"type": "string", "pattern": "a+"}, True, True),
        ("string", {"type": "string", "secret": True}, True, True),
    ],
)
def test_a_declaration_takes_less_or_gives_more(old: object, new: object, *, less: bool, more: bool) -> None:
    found = list(declaration_differences(parse_fields({"x": old}), parse_fields({"x": new}), "inputs"))
    assert found
    assert (any(each.takes_less for each in found), any(each.gives_more for each in found)) == (less, more)
