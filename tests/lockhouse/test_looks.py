"""What a deployment may set about its looks, and what it is told when that cannot be."""

import logging
from pathlib import Path

import pytest

from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.gate.palette import accent_for
from lockhouse.looks import gate_settings, mail_colours
from lockhouse.settings import GateSection, Settings


def configured(folder: Path, **gate: str) -> Configuration:
    settings = Settings(development=True, gate=GateSection.model_validate(gate))
    return Configuration(settings=settings, file=folder / "lockhouse.toml", folder=folder)


def test_files_are_looked_for_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    told = gate_settings(configured(tmp_path, logo="logo.svg", time_zone="Europe/Berlin"))
    assert (told.logo, told.time_zone) == (tmp_path / "logo.svg", "Europe/Berlin")


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"logo": "logo.svg"}, "gate.logo: expected a picture at"),
        ({"logo_dark": "logo.bmp"}, "gate.logo: expected one of .svg"),
        ({"language": "de"}, "gate.language: expected a file de.yaml with the words of the pages"),
    ],
)
def test_what_cannot_be_shown_keeps_the_server_from_starting(tmp_path: Path, gate: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsInvalid, match=said):
        gate_settings(configured(tmp_path, **gate))


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"logo": "https://cdn.example/logo.svg"}, "a file on this machine"),
        ({"logo": "//cdn.example/logo.svg"}, "a file on this machine"),
        ({"time_zone": "Berlin"}, "the name of a time zone"),
        ({"accent": "blue"}, "string_pattern_mismatch"),
    ],
)
def test_what_no_page_may_do_is_no_setting(gate: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GateSection(**gate)


def test_an_accent_that_cannot_be_read_is_told_at_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="lockhouse.looks"):
        gate_settings(configured(tmp_path, accent="#ffff00"))
    assert [record.message for record in caplog.records] == ["gate.accent"]
    assert accent_for("#ffff00").light in str(caplog.records[0].__dict__["advice"])


def test_mails_have_the_colours_of_the_pages() -> None:
    assert mail_colours("#ffff00").light == accent_for("#ffff00").light
