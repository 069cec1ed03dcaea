"""What a run of the benchmark measures, and where it writes what it found."""

import pytest

from bench.figures import FLOOR, PEER, SQLITE
from bench.plan import FULL, read_arguments
from bench.readme import BEGIN, END, README, MarksMissing, replaced


def test_nothing_asked_for_is_the_whole_plan() -> None:
    asked = read_arguments([])
    assert asked.plan == FULL
    assert asked.plan.whole
    assert asked.plan.rounds >= 5
    assert asked.plan.kinds_of(SQLITE) == asked.plan.kinds_of(PEER) == ("begin", "poll", "keyed", "cycle")


def test_a_part_is_named_in_words() -> None:
    plan = read_arguments(["--only", "poll,bc-authorize", "--c", "16,1", "--subject", "sqlite,floor"]).plan
    assert plan.kinds == ("begin", "poll")
    assert plan.connections == (1, 16)
    assert plan.loaded == (SQLITE,)
    assert FLOOR in plan.subjects
    assert not plan.whole


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "pol"], "expected some of hello, form, bc-authorize, poll, private_key_jwt, cycle, found pol"),
        (["--c", "0"], "expected numbers of 1 to 256 such as 1,16,64, found 0"),
        (["--c", "many"], "found many"),
        (["--rounds", "0"], "expected 1 to 50, found 0"),
        (["--seconds", "x"], "expected 0.2 to 60.0, found x"),
        (["--subject", "floor", "--only", "poll"], "expected a load that one of the subjects answers"),
        (["--write", "--quick"], "expected the whole plan"),
    ],
)
def test_a_mistake_in_the_call_is_named(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_the_readme_has_a_place_for_the_figures() -> None:
    page = README.read_text()
    written = replaced(page, "the new figures")
    assert "the new figures" in written
    assert written.split(BEGIN)[0] == page.split(BEGIN)[0]
    assert written.split(END)[1] == page.split(END)[1]
    assert replaced(written, "the new figures") == written


@pytest.mark.parametrize("page", ["", BEGIN, f"{END} {BEGIN}", f"{BEGIN} {END} {BEGIN} {END}"])
def test_a_page_without_its_marks_is_left_alone(page: str) -> None:
    with pytest.raises(MarksMissing, match="once each"):
        replaced(page, "figures")
