"""The benchmark of the compiler works, and says what it found."""

import pytest

from bench.compiler import BEGIN, END, README, Figure, as_markdown, compiled, exponent, measure, written


def test_a_quick_round_measures_everything_but_the_command() -> None:
    figures = measure(quick=True)
    assert [figure.value > 0 for figure in figures if figure.unit != "exponent"] == [True] * 7
    assert len(as_markdown(figures).split("\n")) == len(figures) + 4


def test_the_flow_that_is_measured_has_the_size_that_it_says() -> None:
    assert [len(compiled(size).flows[0].nodes) for size in (10, 30)] == [10, 30]


def test_growth_is_told_by_the_slope_of_the_logarithms() -> None:
    assert exponent([10, 100, 1000], [1, 10, 100]) == pytest.approx(1)
    assert exponent([10, 100, 1000], [1, 100, 10_000]) == pytest.approx(2)


def test_an_aim_is_judged() -> None:
    assert Figure(what="x", value=2, unit="ms", aim=2).verdict == "reached"
    assert Figure(what="x", value=3, unit="ms", aim=2).verdict == "missed"
    assert Figure(what="x", value=3, unit="ms").verdict == ""


def test_the_table_replaces_what_is_between_the_markers_and_nothing_else() -> None:
    assert written(f"a {BEGIN} old {END} b", "new") == f"a {BEGIN}\n\nnew\n\n{END} b"
    with pytest.raises(SystemExit, match="put them back"):
        written("no markers", "new")
    assert README.read_text(encoding="utf-8").count(BEGIN) == 1
