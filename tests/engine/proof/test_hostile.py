"""Whatever stands at a path: a diagnostic with a place, soon, in little memory, and never a traceback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.proof.hostile import CASES

NO_FLOWS = {"a directory"}
MOST_MEMORY = 200 * 1024 * 1024
MOST_SECONDS = 2.0


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Check every file of the table in a process of its own, so that its memory can be told."""
    folder = tmp_path_factory.mktemp("hostile")
    command = [sys.executable, "-m", "tests.engine.proof.hostile", str(folder)]
    done = subprocess.run(command, capture_output=True, timeout=90, check=True)
    assert done.stderr == b""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", [name for name in CASES if name not in NO_FLOWS])
def test_a_hostile_file_gets_a_diagnostic_with_a_place(checked: dict[str, Any], name: str) -> None:
    found = checked["results"][name]["found"]
    assert found
    assert all(code.startswith("LH") and line >= 1 and column >= 1 for code, line, column in found)
    assert "\x00" not in checked["results"][name]["shown"]


def test_a_folder_without_flows_has_nothing_wrong_in_it(checked: dict[str, Any]) -> None:
    assert all(checked["results"][name]["found"] == [] for name in NO_FLOWS)


def test_no_hostile_file_takes_much_memory(checked: dict[str, Any]) -> None:
    assert checked["peak"] < MOST_MEMORY


@pytest.mark.long
def test_no_hostile_file_takes_long(checked: dict[str, Any]) -> None:
    slow = {name: each["seconds"] for name, each in checked["results"].items() if each["seconds"] > MOST_SECONDS}
    assert slow == {}


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_command_says_what_is_wrong_and_prints_no_traceback(tmp_path: Path, number: int) -> None:
    name, make = list(CASES.items())[number]
    path = tmp_path / "hostile.yaml"
    make(path)
    command = [str(Path(sys.executable).with_name("lockhouse")), "flow", "check", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == (2 if name in NO_FLOWS else 1)
    assert b"Traceback" not in done.stderr
    assert b"hostile.yaml" in done.stderr
