"""Every broken flow gets its code, at its place."""

import pytest

from engine.language import Diagnostic, Source, check_flows, render_diagnostics
from tests.engine.language.corpus import CORPUS, MARK, Broken
from tests.engine.language.samples import CATALOGUE, CONTRACTS, FLOWS


def broken_text(case: Broken) -> tuple[str, tuple[int, int] | None]:
    """Return the edited flow and the marked place."""
    assert FLOWS[case.file].count(case.old) == 1, f"the edit must fit one place: {case.old!r}"
    marked = FLOWS[case.file].replace(case.old, case.new)
    if MARK not in marked:
        return marked, None
    before, _, after = marked.partition(MARK)
    lines = before.split("\n")
    return before + after, (len(lines), len(lines[-1]) + 1)


def diagnostics(case: Broken, text: str) -> tuple[Diagnostic, ...]:
    """Return what the compiler says about an edited sample, beside the one that it may call."""
    texts = {"notify.yaml": FLOWS["notify.yaml"], case.file: text}
    sources = [Source(file=name, text=texts[name]) for name in texts]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE)
    return tuple(found for found in report.diagnostics if found.file == case.file)


@pytest.mark.parametrize("case", CORPUS, ids=[f"{case.code}-{index}" for index, case in enumerate(CORPUS)])
def test_a_broken_flow_gets_its_code_at_its_place(case: Broken) -> None:
    text, place = broken_text(case)
    found = diagnostics(case, text)
    shown = render_diagnostics(found, {case.file: text})
    hits = [one for one in found if one.code == case.code and place in {None, (one.line, one.column)}]
    assert hits, f"no {case.code} at {place}:\n{shown}"
    others = sorted(one.code for one in found if one is not hits[0])
    assert others == sorted(case.also), shown
    for one in found:
        assert one.message
        assert one.end_column > one.column
