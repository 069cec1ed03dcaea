"""The gate's words: one file for each language, checked against English when it is read."""

from pathlib import Path

import pytest
import yaml

from lockhouse.gate.pages import WORDS
from lockhouse.gate.wording import Wording, WordingInvalid, direction_of, load_wording
from tests.fixtures.gallery import LEFTWARD

ENGLISH = load_wording("en")


def written(folder: Path, language: str, *, without: str = "", **changes: str) -> Path:
    """Write a catalogue that is the English one but for *changes*, with dots as double underscores."""
    texts = {key: text for key, text in ENGLISH.texts.items() if key != without}
    texts |= {key.replace("__", "."): text for key, text in changes.items()}
    tree: dict[str, object] = {}
    for key, text in texts.items():
        *path, last = key.split(".")
        place = tree
        for part in path:
            place = place.setdefault(part, {})  # type: ignore[assignment]  # a tree of dicts
        place[last] = text
    (folder / f"{language}.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    return folder


def test_every_page_has_a_title_and_a_text() -> None:
    assert all(ENGLISH.plain(f"pages.{page}.title") and ENGLISH.plain(f"pages.{page}.text") for page in WORDS)


def test_another_language_is_one_file(tmp_path: Path) -> None:
    wording = load_wording("de-AT", written(tmp_path, "de", landing__continue="Weiter"))
    assert (wording.language, wording.plain("landing.continue")) == ("de-AT", "Weiter")


def test_a_file_of_a_deployment_goes_before_ours(tmp_path: Path) -> None:
    assert load_wording("en", written(tmp_path, "en", landing__continue="Go on")).plain("landing.continue") == "Go on"


def test_a_language_that_nobody_wrote_is_named_with_those_that_are_there() -> None:
    with pytest.raises(WordingInvalid, match=r"expected a file tlh\.yaml .* found en\.yaml"):
        load_wording("tlh")


@pytest.mark.parametrize("language", ["", "../en", "english!", "e"])
def test_what_is_no_language_is_refused(language: str) -> None:
    with pytest.raises(WordingInvalid, match="expected a language"):
        load_wording(language)


def test_a_text_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordingInvalid, match=r"expected result\.again, found nothing; translate 'Show"):
        load_wording("de", written(tmp_path, "de", without="result.again"))


def test_a_text_that_is_never_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordingInvalid, match=r"landing\.welcome is never read"):
        load_wording("de", written(tmp_path, "de", landing__welcome="Hallo"))


def test_a_place_that_is_lost_or_misspelt_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordingInvalid, match=r"landing\.heading: expected the places"):
        load_wording("de", written(tmp_path, "de", landing__heading="{requestor} bittet um Zustimmung"))


def test_words_for_more_problems_may_be_added(tmp_path: Path) -> None:
    assert "problems.max" in load_wording("de", written(tmp_path, "de", problems__max="Das ist zu viel."))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "de.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(WordingInvalid, match=r"de\.yaml: cannot be read"):
        load_wording("de", tmp_path)


def test_values_are_escaped_in_pages() -> None:
    wording = Wording(language="en", texts={"a": "<b> {who}"})
    assert wording.markup("a", who="<i>") == "&lt;b&gt; &lt;i&gt;"
    assert wording.plain("a", who="{who}") == "<b> {who}"


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("he-IL", "rtl"),
        ("ur", "rtl"),
        ("ku", "ltr"),
        ("ku-Arab", "rtl"),
        ("uz-Latn", "ltr"),
    ],
)
def test_the_direction_follows_the_script(language: str, direction: str) -> None:
    assert direction_of(language) == direction


def test_the_right_to_left_sample_is_whole() -> None:
    assert load_wording("ar", LEFTWARD).direction == "rtl"
