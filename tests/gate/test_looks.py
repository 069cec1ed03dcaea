"""Colours that can be read, files named by their content, and time in words."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lockhouse.gate.assets import LogoInvalid, load_assets
from lockhouse.gate.palette import DARK_PAPERS, LIGHT_PAPERS, accent_advice, accent_for, contrast
from lockhouse.gate.remaining import time_left
from lockhouse.gate.wording import load_wording
from tests.fixtures.gallery import LEFTWARD

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("colour", ["#1f5f8b", "#ffff00", "#000000", "#ffffff", "#ff0000", "#7f7f7f", "#00ff88"])
def test_any_accent_can_be_read_on_both_papers_and_written_upon(colour: str) -> None:
    accent = accent_for(colour)
    for paper in LIGHT_PAPERS:
        assert contrast(accent.light, paper) >= 4.5
    for paper in DARK_PAPERS:
        assert contrast(accent.dark, paper) >= 4.5
    assert contrast(accent.on_light, accent.light) >= 4.5
    assert contrast(accent.on_dark, accent.dark) >= 4.5


def test_the_grounds_that_the_accent_is_checked_on_are_those_of_the_stylesheet() -> None:
    style = load_assets("#1f5f8b").style.content.decode()
    for name in ("paper", "ground", "box"):
        light, dark = re.findall(rf"--{name}: (#[0-9a-f]{{6}});", style)
        assert light in LIGHT_PAPERS
        assert dark in DARK_PAPERS


def test_an_accent_that_cannot_be_read_is_told_with_the_one_that_is_shown_instead() -> None:
    assert accent_advice("#1F5F8B") == ""
    advice = accent_advice("#ffff00")
    assert "found #ffff00 with 1.0" in advice
    assert accent_for("#ffff00").light in advice


def test_a_changed_accent_keeps_its_hue() -> None:
    red, green, blue = (int(accent_for("#cc0000").dark[at : at + 2], 16) for at in (1, 3, 5))
    assert red > green == blue


def test_files_are_named_by_their_content() -> None:
    blue, red = load_assets("#1f5f8b"), load_assets("#8b1f1f")
    assert blue.style.name != red.style.name
    assert blue.style == load_assets("#1f5f8b").style
    assert blue.script == red.script
    assert set(blue.by_name) == {blue.style.name, blue.script.name, blue.icon.name}


def test_no_placeholder_of_a_colour_is_left() -> None:
    assert not [name for name, asset in load_assets("#1f5f8b").by_name.items() if b"__" in asset.content]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (-5, "0 seconds"),
        (0, "0 seconds"),
        (1, "1 second"),
        (59.2, "60 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (118, "1 minute 58 seconds"),
        (7200, "2 hours"),
        (260_000, "72 hours"),
    ],
)
def test_time_is_told_in_words(left: float, words: str) -> None:
    told = time_left(NOON + timedelta(seconds=left), NOON, zone="UTC", wording=load_wording("en"))
    assert told.words == (words if left != 59.2 else "1 minute")


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "12:02 (world time, UTC)"),
        ("Etc/UTC", "12:02 (world time, UTC)"),
        ("Europe/Berlin", "13:02 (Berlin time)"),
        ("America/New_York", "07:02 (New York time)"),
        ("America/Argentina/Buenos_Aires", "09:02 (Buenos Aires time)"),
        ("Etc/GMT+3", "09:02 (GMT+3)"),
    ],
)
def test_the_end_is_told_on_the_clocks_of_the_deployment_by_a_name_that_people_know(zone: str, words: str) -> None:
    told = time_left(NOON + timedelta(minutes=2), NOON, zone=zone, wording=load_wording("en"))
    assert told.until == words


def test_numbers_have_the_forms_that_a_language_has() -> None:
    told = time_left(NOON + timedelta(seconds=122), NOON, zone="UTC", wording=load_wording("ar", LEFTWARD))
    assert told.words == "دقيقتان ثانيتان"


@pytest.mark.parametrize("ending", ["svg", "png", "webp", "jpg"])
def test_a_logo_is_served_by_us_under_the_name_of_its_content(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"our logo.{ending}"
    file.write_bytes(b"picture")
    logo = load_assets("#1f5f8b", logo=file).logo
    assert logo is not None
    assert re.fullmatch(rf"logo-[0-9a-f]{{16}}\.{ending}", logo.name)
    assert logo.media_type.startswith("image/")


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [("logo.bmp", 10, "expected one of .svg"), ("logo.png", 40_000, "expected at most 32768 bytes, found 40000")],
)
def test_a_logo_that_cannot_be_shown_is_refused(tmp_path: Path, name: str, size: int, said: str) -> None:
    (tmp_path / name).write_bytes(b"x" * size)
    with pytest.raises(LogoInvalid, match=said):
        load_assets("#1f5f8b", logo=tmp_path / name)


def test_a_logo_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogoInvalid, match="none that can be read"):
        load_assets("#1f5f8b", logo=tmp_path / "logo.png")
