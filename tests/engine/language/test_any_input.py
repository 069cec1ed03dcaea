"""Whatever bytes come in, the answer is diagnostics with places, never a traceback."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language import CheckReport, Source, check_flows, diagnostics_json, render_diagnostics
from tests.engine.language.samples import CATALOGUE, CONTRACTS, EXPENSE, LOGIN, NOTIFY

WORDS = "{ } [ ] : , - = ' \" # &a *a !!x << | > ? % @ yes null 010 … =inputs. nodes: with: routes:{ \\ --- ..."
PIECES = st.sampled_from([*WORDS.split(), "\n", "  ", "- ", "\t", "\x00", "---\n", "with: ", ": "])


def check(text: str | bytes) -> CheckReport:
    """Check *text* beside a whole flow, and render what is found."""
    sources = [Source(file="fuzzed.yaml", text=text), Source(file="notify.yaml", text=NOTIFY)]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE)
    rendered = render_diagnostics(report.diagnostics, {"fuzzed.yaml": text}, color=False)
    assert rendered
    assert len(diagnostics_json(report.diagnostics)) == len(report.diagnostics)
    for found in report.diagnostics:
        assert found.line >= 1
        assert 1 <= found.column < found.end_column
    return report


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    assert not check(content).ok


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join))
def test_any_pieces_of_yaml(content: str) -> None:
    assert not check(content).ok


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([LOGIN, EXPENSE]), st.data())
def test_any_edit_of_a_flow(flow: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(flow)))
    end = data.draw(st.integers(start, min(len(flow), start + 40)))
    check(flow[:start] + data.draw(PIECES | st.text(max_size=5) | st.just("")) + flow[end:])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_line_of_a_flow_left_out_moved_or_doubled(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from([LOGIN, EXPENSE])).split("\n")
    taken = data.draw(st.integers(0, len(lines) - 1))
    line = lines.pop(taken)
    for _ in range(data.draw(st.integers(0, 2))):
        lines.insert(data.draw(st.integers(0, len(lines))), line)
    check("\n".join(lines))


def test_a_file_of_brackets_is_refused_at_once() -> None:
    assert [found.code for found in check("[" * 100_000).diagnostics] == ["LH118"]


def test_a_large_file_is_refused_unread() -> None:
    assert [found.code for found in check("x" * 1_100_000).diagnostics] == ["LH117"]


def test_a_file_of_many_values_is_refused() -> None:
    assert [found.code for found in check("a: [" + "1," * 70_000 + "]").diagnostics] == ["LH119"]


def test_a_flow_of_very_many_nodes_is_refused() -> None:
    nodes = "".join(f"  n{index}: {{end: ok}}\n" for index in range(10_000))
    text = f"flow: a\nversion: 1.0.0\nlanguage: 1\noutcomes: {{ok: {{}}}}\nstart: n0\nnodes:\n{nodes}"
    assert [(found.code, found.line) for found in check(text).diagnostics] == [("LH120", 2007)]


def test_types_made_of_types_are_measured() -> None:
    parts = "".join(f"  t{index}: {{a: list of t{index - 1}, b: t{index - 1}}}\n" for index in range(1, 60))
    head = "flow: a\nversion: 1.0.0\nlanguage: 1\noutcomes: {ok: {}}\nstart: end\nnodes: {end: {end: ok}}\n"
    text = f"{head}types:\n  t0: string\n{parts}inputs: {{x: t59}}\n"
    found = check(text).diagnostics
    assert {one.code for one in found} >= {"LH209"}
    assert any("this type is nested more than 12 deep" in one.message for one in found)


def test_a_file_of_mistakes_is_not_endless() -> None:
    nodes = "".join(
        f"  n{index}: {{decide: [{{when: =1 < 2, to: m{index}}}], else: q{index}}}\n" for index in range(400)
    )
    text = f"flow: a\nversion: 1.0.0\nlanguage: 1\noutcomes: {{ok: {{}}}}\nstart: n0\nnodes:\n{nodes}"
    assert 100 <= len(check(text).diagnostics) <= 300
    assert len(check("a: [" + "yes," * 5000 + "]").diagnostics) <= 210
