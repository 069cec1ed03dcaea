"""Every broken flow gets its code, at its place, and not a word more."""

import pytest

from engine.language import Diagnostic, Source, check_flows, render_diagnostics
from tests.engine.language.corpus import CORPUS, FILE, Broken, broken_text
from tests.engine.language.samples import CATALOGUE, CONTRACTS, FLOWS


def diagnostics(case: Broken, text: str) -> tuple[Diagnostic, ...]:
    """Return what the compiler says about an edited sample, beside the one that it may call."""
    texts = {"notify.yaml": FLOWS["notify.yaml"], case.file: text}
    sources = [Source(file=name, text=texts[name]) for name in texts]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE)
    return tuple(found for found in report.diagnostics if found.file == case.file)


@pytest.mark.parametrize("case", CORPUS, ids=[f"{case.code}-{case.line}" for case in CORPUS])
def test_a_broken_flow_gets_its_code_at_its_place(case: Broken) -> None:
    text, place = broken_text(case)
    found = diagnostics(case, text)
    shown = f"{FILE.name}:{case.line}\n{render_diagnostics(found, {case.file: text})}"
    assert [(one.code, one.line, one.column) for one in found] == [(case.code, *place)], shown
    assert found[0].message
    assert found[0].end_column > found[0].column


TEN = """\
flow: ten
version: 1.0
language: 1
inputs: {who: id, amount: integer, secret: {type: string, secret: true}}
outcomes: {done: {}, lost: {why: string}}
start: ask
nodes:
  ask:
    prompt: {title: Hello}
    show: {who: =inputs.hwo, account: =inputs.secret}
    routes: {submit: sign_in, yes: done}
  sign_in: {task: pasword_auth, routes: {authenticated: size}}
  size: {decide: [{when: "=inputs.amount > 'five'", to: dnoe}], else: lost}
  alone: {end: done}
  lost: {end: lost}
  done: {end: done, with: {when: now}}
"""


def test_ten_mistakes_are_ten_diagnostics() -> None:
    found = check_flows([Source(file="ten.yaml", text=TEN)], contracts=CONTRACTS, catalogue=CATALOGUE).diagnostics
    assert [(one.code, one.line) for one in found] == [
        ("LH207", 2),
        ("LH311", 10),
        ("LH805", 10),
        ("LH110", 11),
        ("LH301", 12),
        ("LH605", 13),
        ("LH303", 13),
        ("LH501", 14),
        ("LH404", 15),
        ("LH405", 16),
    ]
