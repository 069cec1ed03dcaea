"""Mistakes in templates are found by reading them all, not by whoever waits for a message."""

from pathlib import Path

import pytest

import flow_definitions
from executors.channels.wording import Templates
from lockhouse.messages import message_flaws

SAMPLES = {"ask": [{"who": "Shop", "word": "W4"}, {"who": "Shop", "word": ""}]}


def flaws(folder: Path, **files: str) -> list[str]:
    (folder / "en").mkdir()
    for name, text in files.items():
        (folder / "en" / f"{name.replace('__', '.')}.j2").write_text(text)
    found = Templates(folder, parts=("txt",)).flaws(SAMPLES)
    return [str(flaw).removeprefix(f"{folder}/") for flaw in found]


def test_the_shipped_templates_have_no_flaw() -> None:
    assert message_flaws(flow_definitions.folder()) == ()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("{{ who }}\n{{ wrod }}", "en/ask.txt.j2:2: 'wrod' is undefined; correct the template"),
        ("{{ who }}\n\n{% if word %}{{ lnik }}{% endif %}", "en/ask.txt.j2:3: 'lnik' is undefined"),
        ("{% if not word %}\n{{ lnik }}{% endif %}", "en/ask.txt.j2:2: 'lnik' is undefined"),
        ("a\n{{ who", "en/ask.txt.j2:2: unexpected end of template"),
        ("{% if who %}", "en/ask.txt.j2:1: Unexpected end of template"),
        ("{{ who | shout }}", "en/ask.txt.j2:1: No filter named 'shout'"),
        ("{{ who.__class__ }}", "en/ask.txt.j2:1: access to attribute '__class__' of 'str' object is unsafe."),
        ("{{ 1 // 0 }}", "en/ask.txt.j2:1: ZeroDivisionError"),
        ("{% include 'en/other.txt.j2' %}", "en/ask.txt.j2:1: 'en/other.txt.j2' not found"),
    ],
)
def test_a_mistake_has_a_place_and_a_reason(tmp_path: Path, text: str, flaw: str) -> None:
    (found,) = flaws(tmp_path, ask__txt=text)

    assert found.startswith(flaw)


def test_a_message_of_which_nothing_is_known_is_only_read(tmp_path: Path) -> None:
    assert flaws(tmp_path, other__txt="{{ whatever }}") == []


def test_a_file_that_is_never_read_is_a_mistake(tmp_path: Path) -> None:
    (found,) = flaws(tmp_path, ask__text="{{ who }}")

    assert found.startswith("en/ask.text.j2: is never read; expected LANG/ID.PART.j2 with PART txt")


def test_a_message_without_one_of_its_parts_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "ask.txt.j2").write_text("{{ who }}")

    (found,) = Templates(tmp_path, parts=("txt", "html")).flaws(SAMPLES)

    assert found.message == "has no ask.html.j2 beside it; add one"
