"""Colours that can be read, files named by their content, and time in words."""

from datetime import UTC, datetime, timedelta

import pytest

from lockhouse.gate.assets import load_assets
from lockhouse.gate.palette import accent_for, contrast
from lockhouse.gate.remaining import time_left

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("colour", ["#1f5f8b", "#ffff00", "#000000", "#ffffff", "#ff0000", "#7f7f7f", "#00ff88"])
def test_any_accent_can_be_read_on_both_papers_and_written_upon(colour: str) -> None:
    accent = accent_for(colour)
    assert contrast(accent.light, "#ffffff") >= 4.5
    assert contrast(accent.dark, "#182029") >= 4.5
    assert contrast(accent.on_light, accent.light) >= 4.5
    assert contrast(accent.on_dark, accent.dark) >= 4.5


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
    told = time_left(NOON + timedelta(seconds=left), NOON)
    assert told.words == (words if left != 59.2 else "1 minute")


def test_the_end_is_told_in_utc() -> None:
    assert time_left(NOON + timedelta(minutes=2), NOON).until == "12:02 UTC"
