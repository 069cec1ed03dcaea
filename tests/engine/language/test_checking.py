"""Flows are checked together, compiled to immutable graphs, and loaded from a folder."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from engine.contracts import Contract, Done, UnknownFlow
from engine.language import (
    CallNode,
    Catch,
    CheckReport,
    FlowsInvalid,
    FlowTest,
    PromptNode,
    Source,
    TaskNode,
    check_flows,
    check_folder,
    load_flows,
)
from tests.engine.language.samples import CATALOGUE, CONTRACTS, EXPENSE, FLOWS, LOGIN, NOTIFY

TESTS = """\
tests:
  is booked in the end:
    inputs: {amount: 5, manager: bo, kind: food, person: {name: ann}, account: "4711"}
    mocks: {charge: [{fault: {code: broken}}, {charged: {receipt: r2}}], notify@1: failed}
    script:
      - {expect: ask, shows: {who: ann}, advance: 2m, act: deny, with: {why: late}}
      - {expect: book, signal: booked, from: bo, with: {reference: r1}}
    ends: {paid: {receipt: r2}}
  ends somehow:
    inputs: {amount: 5, manager: bo, kind: food, person: {name: ann}, account: "4711"}
    mocks: {charge: declined}
    ends: refused
"""


def check(**texts: str) -> CheckReport:
    """Check the given flows, named without their ending."""
    sources = [Source(file=f"{name}.yaml", text=text) for name, text in texts.items()]
    return check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE)


def digest_of(report: CheckReport, name: str) -> str:
    """Return the digest of a flow in *report*."""
    return next(graph.digest for graph in report.flows if graph.name == name)


def test_a_digest_depends_on_meaning_only() -> None:
    base = digest_of(check(login=LOGIN), "login")
    assert digest_of(check(other=LOGIN.replace("start:", "# a remark\n\nstart:")), "login") == base
    assert digest_of(check(login=LOGIN.replace("times: 5", "times: 6")), "login") != base


def test_a_digest_covers_what_is_called() -> None:
    base = digest_of(check(expense=EXPENSE, notify=NOTIFY), "expense")
    assert digest_of(check(notify=NOTIFY, expense=EXPENSE), "expense") == base
    changed = NOTIFY.replace("channel: mail", "channel: post")
    assert digest_of(check(expense=EXPENSE, notify=changed), "expense") != base


def test_a_digest_covers_the_contracts() -> None:
    renamed = tuple(dataclasses.replace(contract, defers=not contract.defers) for contract in CONTRACTS[:1])
    sources = [Source(file="login.yaml", text=LOGIN)]
    other = check_flows(sources, contracts=(*renamed, *CONTRACTS[1:]), catalogue=CATALOGUE)
    assert digest_of(other, "login") != digest_of(check(login=LOGIN), "login")
    reworded = [dataclasses.replace(contract, summary="Else.") for contract in CONTRACTS]
    same = check_flows(sources, contracts=reworded, catalogue=CATALOGUE)
    assert digest_of(same, "login") == digest_of(check(login=LOGIN), "login")


def test_a_call_is_bound_to_the_newest_version_of_its_major() -> None:
    newer = NOTIFY.replace("1.2.0", "1.10.0")
    report = check(expense=EXPENSE, old=NOTIFY, new=newer, next=NOTIFY.replace("1.2.0", "2.0.0"))
    assert report.ok
    expense = next(graph for graph in report.flows if graph.name == "expense")
    tell = expense.nodes["tell"]
    assert isinstance(tell, CallNode)
    assert tell.callee == next(graph.digest for graph in report.flows if graph.version == "1.10.0")


def test_a_flow_that_calls_a_broken_one_is_not_compiled() -> None:
    report = check(expense=EXPENSE, notify=NOTIFY.replace("never: bad", "never: bda"), login=LOGIN)
    assert [graph.name for graph in report.flows] == ["login"]


def test_flows_that_call_each_other_are_refused() -> None:
    ping = NOTIFY.replace("flow: notify", "flow: ping").replace(
        "  bad: {end: failed}",
        "  bad: {call: pong@1, with: {recipient: a, amount: 1}, routes: {sent: good, failed: worse}}\n"
        "  worse: {end: failed}",
    )
    pong = ping.replace("flow: ping", "flow: pong").replace("call: pong@1", "call: ping@1")
    report = check(ping=ping, pong=pong)
    assert [(found.file, found.code) for found in report.diagnostics] == [
        ("ping.yaml", "LH317"),
        ("pong.yaml", "LH317"),
    ]
    assert "ping@1 → pong@1 → ping@1" in report.diagnostics[0].message
    assert report.flows == ()


def test_one_version_of_a_flow_is_written_once() -> None:
    report = check(first=NOTIFY, second=NOTIFY)
    assert [(found.file, found.code) for found in report.diagnostics] == [("second.yaml", "LH309")]


def test_a_graph_cannot_be_changed() -> None:
    graph = check(login=LOGIN).flows[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.start = "done"  # type: ignore[misc]  # the point of the test
    with pytest.raises(TypeError):
        graph.nodes["done"] = graph.nodes["late"]  # type: ignore[index]  # as above


def test_a_fault_route_becomes_a_catch_of_everything() -> None:
    check_node = check(login=LOGIN).flows[0].nodes["check"]
    assert isinstance(check_node, TaskNode)
    assert set(check_node.routes) == {"authenticated", "rejected", "locked"}
    assert check_node.catch == (Catch(errors=(), target=check_node.catch[0].target),)
    assert check_node.catch[0].target.to == "late"


def test_a_graph_tells_what_each_outcome_produces() -> None:
    login = check(login=LOGIN).flows[0]
    assert set(login.produced("check", "authenticated")) == {"subject", "methods"}
    assert set(login.produced("check", "locked")) == set()
    assert set(login.produced("ask_consent", "allow")) == {"granted", "action"}
    assert set(login.produced("ask_consent", "deny")) == {"action"}
    assert set(login.produced("done", "x")) == set()
    expense = check(expense=EXPENSE, notify=NOTIFY).flows[0]
    assert set(expense.produced("book", "signalled")) == {"reference", "sender"}
    assert set(expense.produced("tell", "sent")) == {"channel"}


def test_places_lead_back_to_the_file() -> None:
    place = check(login=LOGIN).flows[0].places["check"]
    assert str(place) == "login.yaml:27:3"
    assert LOGIN.split("\n")[place.line - 1] == "  check:"


def test_everything_is_found_in_one_pass() -> None:
    text = LOGIN.replace("task: password_auth", "task: pasword_auth").replace("end: expired", "end: expird")
    codes = [found.code for found in check(login=text).diagnostics]
    assert codes == ["LH301", "LH307"]


def folder(path: Path, **changes: str) -> Path:
    """Write the samples as a folder of flows."""
    texts = path / "texts"
    texts.mkdir()
    for language, own in CATALOGUE.languages.items():
        lines = [f"{text_id}: {text!r}" for text_id, text in own.items()]
        (texts / f"{language}.yaml").write_text("\n".join(lines), encoding="utf-8")
    for name, text in {**FLOWS, **changes}.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def test_a_folder_is_loaded_with_texts_and_tests(tmp_path: Path) -> None:
    flows = load_flows(folder(tmp_path, **{"expense.tests.yaml": TESTS}), contracts=CONTRACTS)
    assert flows.names == ("expense", "login", "notify")
    assert flows.by_digest[flows.latest("login").digest].name == "login"
    assert flows.catalogue.text("login.slow", locale="en") == "Please wait."
    assert list(flows.tests) == ["expense"]
    with pytest.raises(UnknownFlow, match="login"):
        flows.latest("logn")


def test_single_files_are_loaded_with_the_texts_beside_them(tmp_path: Path) -> None:
    flows = load_flows([folder(tmp_path) / "login.yaml"], contracts={one.name: one for one in CONTRACTS})
    assert flows.names == ("login",)


def test_a_broken_folder_is_refused_with_every_diagnostic(tmp_path: Path) -> None:
    broken = folder(tmp_path, **{"login.yaml": LOGIN.replace("pword", "x").replace("end: expired", "end: expird")})
    with pytest.raises(FlowsInvalid, match=r"login\.yaml:54:15: LH307") as refused:
        load_flows(broken, contracts=CONTRACTS)
    assert [found.code for found in refused.value.diagnostics] == ["LH307"]


def test_a_test_file_without_its_flow_is_noticed(tmp_path: Path) -> None:
    report, _ = check_folder(folder(tmp_path, **{"nothing.tests.yaml": TESTS}), contracts=CONTRACTS)
    assert [(found.code, found.line) for found in report.diagnostics] == [("LH302", 1)]


def test_the_tests_of_a_flow_are_read() -> None:
    sources = [Source(file=f"flows/{name}", text=text) for name, text in FLOWS.items()]
    beside = [Source(file="flows/expense.tests.yaml", text=TESTS)]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside)
    assert report.ok
    first, second = report.tests["expense"]
    assert isinstance(first, FlowTest)
    assert (first.name, str(first.place)) == ("is booked in the end", "flows/expense.tests.yaml:2:3")
    assert first.inputs["person"] == {"name": "ann"}
    assert first.mocks == {
        "charge": (("fault", {"code": "broken"}), ("charged", {"receipt": "r2"})),
        "notify@1": (("failed", {}),),
    }
    assert first.ends == ("paid", {"receipt": "r2"})
    asked, signalled = first.script
    assert (asked.expect, asked.shows, asked.advance, asked.act) == (
        "ask",
        {"who": "ann"},
        timedelta(minutes=2),
        "deny",
    )
    assert (signalled.signal, signalled.sender, signalled.values) == ("booked", "bo", {"reference": "r1"})
    assert second.ends == ("refused", None)


def test_a_misspelt_key_in_a_test_is_found() -> None:
    beside = [Source(file="expense.tests.yaml", text=TESTS.replace("expect: ask", "expct: ask"))]
    sources = [Source(file=name, text=text) for name, text in FLOWS.items()]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE, tests=beside)
    assert [(found.code, found.hint) for found in report.diagnostics] == [("LH201", "did you mean 'expect'?")]


def test_a_flow_needs_no_catalogue_and_no_executor() -> None:
    text = NOTIFY.replace("flow: notify", "flow: hello")
    report = check_flows([("hello.yaml", text.encode())], contracts=())
    assert report.ok
    ask = report.flows[0].nodes["ask"]
    assert isinstance(ask, PromptNode)


def test_contracts_of_installed_executors_are_what_counts() -> None:
    contract = Contract.declare(name="charge", summary="", effect="external", outcomes={"charged": {}})
    sources = [Source(file=name, text=text) for name, text in FLOWS.items()]
    report = check_flows(sources, contracts=(*CONTRACTS[:2], contract), catalogue=CATALOGUE)
    assert {found.code for found in report.errors} == {"LH304", "LH314", "LH402"}
    assert Done("charged").fields == {}


WAITING = """\
flow: waiting
version: 1.0.0
language: 1
outcomes: {ok: {note: string}}
signals: {called: {from: =steps.find.device, early: EARLY}}
start: find
nodes:
  find: {task: find, timeout: {after: 5s, to: LATE}, routes: {timeout: wait}}
  wait: {wait: called, routes: {signalled: end}}
  end: {end: ok, with: {note: =steps.find.device}}
  none: {end: ok, with: {note: none}}
"""
FINDING = (Contract.declare(name="find", summary="Finds.", effect="external", outcomes={"timeout": {"device": "id"}}),)


def test_a_sender_is_looked_at_when_the_signal_may_come() -> None:
    text = WAITING.replace("LATE", "none")
    assert check_flows([("a.yaml", text.replace("EARLY", "refuse"))], contracts=FINDING).diagnostics == ()
    early = check_flows([("a.yaml", text.replace("EARLY", "keep"))], contracts=FINDING).diagnostics
    assert [(found.code, found.line) for found in early] == [("LH701", 5)]


def test_an_outcome_called_timeout_is_not_the_timeout() -> None:
    text = WAITING.replace("LATE", "end").replace("EARLY", "refuse")
    found = check_flows([("a.yaml", text)], contracts=FINDING).diagnostics
    assert [(one.code, one.line) for one in found if one.line == 10] == [("LH701", 10)]
