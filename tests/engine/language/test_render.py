"""What an author sees."""

import json

from engine.language import Source, check_flows, diagnostics_json, draw_mermaid, picture_of, render_diagnostics
from tests.engine.language.samples import CATALOGUE, CONTRACTS, EXPENSE, LOGIN, NOTIFY


def test_a_diagnostic_shows_the_line_a_caret_and_the_remedy() -> None:
    text = LOGIN.replace("task: password_auth", "task: pasword_auth")
    report = check_flows([Source(file="login.yaml", text=text)], contracts=CONTRACTS, catalogue=CATALOGUE)
    assert render_diagnostics(report.diagnostics, {"login.yaml": text}) == (
        "error[LH301]: there is no executor 'pasword_auth'\n"
        "  --> login.yaml:28:11\n"
        "   |\n"
        "28 |     task: pasword_auth\n"
        "   |           ^^^^^^^^^^^^\n"
        "   = help: did you mean 'password_auth'?\n"
        "\n"
        "1 error\n"
    )


def test_a_related_place_is_shown() -> None:
    text = NOTIFY.replace("start: ask", "start: ask\nstart: ask")
    report = check_flows([Source(file="n.yaml", text=text)], contracts=())
    assert "  = n.yaml:6:1: it is here first\n" in render_diagnostics(report.diagnostics, {"n.yaml": text})


def test_without_sources_only_the_place_is_shown() -> None:
    report = check_flows([Source(file="n.yaml", text="flow: [a]")], contracts=())
    rendered = render_diagnostics(report.diagnostics)
    assert "--> n.yaml:1:" in rendered
    assert "^" not in rendered


def test_colour_is_only_where_it_is_wanted() -> None:
    report = check_flows([Source(file="n.yaml", text="flow: [a]")], contracts=())
    assert "\x1b[" in render_diagnostics(report.diagnostics, color=True)
    assert "\x1b[" not in render_diagnostics(report.diagnostics)


def test_a_file_cannot_write_to_the_terminal() -> None:
    text = 'flow: "\x1b[2J"\n\x1b[31m: x\n'
    report = check_flows([Source(file="n.yaml", text=text)], contracts=())
    assert "\x1b" not in render_diagnostics(report.diagnostics, {"n.yaml": text})


def test_a_long_line_is_cut_around_the_caret() -> None:
    text = NOTIFY.replace("channel: mail", "channel: [" + "x, " * 200 + "*y]")
    report = check_flows([Source(file="n.yaml", text=text)], contracts=())
    rendered = render_diagnostics(report.diagnostics, {"n.yaml": text}).split("\n")
    assert max(len(line) for line in rendered) < 200
    shown = next(line for line in rendered if "| " in line and "*y" in line)
    assert rendered[rendered.index(shown) + 1].index("^") == shown.index("*y")


def test_warnings_are_counted_apart() -> None:
    text = NOTIFY.replace("failed: {}", "failed: {}, lost: {}")
    report = check_flows([Source(file="n.yaml", text=text)], contracts=())
    assert report.ok
    assert render_diagnostics(report.diagnostics, {"n.yaml": text}).endswith("\n1 warning\n")


def test_diagnostics_are_json_for_tools() -> None:
    report = check_flows([Source(file="n.yaml", text="flow: [a]")], contracts=())
    first = json.loads(json.dumps(diagnostics_json(report.diagnostics)))[0]
    assert first.keys() == {
        "code", "rule", "severity", "file", "line", "column", "end_column", "message", "hint", "related",
    }  # fmt: skip
    assert first["rule"]


def test_a_drawing_has_every_node_and_every_way() -> None:
    sources = [Source(file="e.yaml", text=EXPENSE), Source(file="n.yaml", text=NOTIFY)]
    graph = check_flows(sources, contracts=CONTRACTS, catalogue=CATALOGUE).flows[0]
    drawn = draw_mermaid(picture_of(graph))
    assert drawn.startswith("flowchart TD\n  start_((start)) --> n_size\n")
    for name in graph.nodes:
        assert f"  n_{name}" in drawn
    for way in (
        'n_ask -->|"allow"| n_book',
        'n_ask -.->|"after 1d"| n_again',
        'n_pay -.->|"transient"| n_nope',
        'n_tell -.->|"fault"| n_nope',
        'n_size -->|"else"| n_pay',
        'n_again -->|"vars.reminders #lt; 2"| n_tell',
    ):
        assert f"  {way}\n" in drawn
