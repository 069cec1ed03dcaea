"""The set-up finds what works, skips what does not, and says what to do where nothing does."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.layout import ROOT


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)


def program(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_a_python_that_does_not_run_is_skipped(tmp_path: Path) -> None:
    # As version managers leave them: the name is there, the version is not installed.
    shim = program(tmp_path, "python3.13", "echo 'version is not installed' >&2; exit 127")

    found = run("scripts/find_python.sh", PYTHON=f"{shim} {sys.executable}")

    assert (found.returncode, found.stdout.strip()) == (0, sys.executable)


def test_where_no_python_runs_the_remedy_is_said(tmp_path: Path) -> None:
    found = run("scripts/find_python.sh", PYTHON=str(tmp_path / "nothing"))

    assert found.returncode == 1
    assert "to do:" in found.stderr


def test_the_environment_names_the_chromium(tmp_path: Path) -> None:
    browser = program(tmp_path, "browser", "echo Chromium 1.0")

    found = run(sys.executable, "scripts/find_chromium.py", LOCKHOUSE_TEST_CHROMIUM=str(browser))

    assert (found.returncode, found.stdout.strip()) == (0, str(browser))


def test_a_chromium_that_is_named_and_does_not_run_is_an_error(tmp_path: Path) -> None:
    found = run(sys.executable, "scripts/find_chromium.py", LOCKHOUSE_TEST_CHROMIUM=str(tmp_path / "nothing"))

    assert (found.returncode, found.stdout) == (1, "")
    assert "LOCKHOUSE_TEST_CHROMIUM" in found.stderr


def test_a_chromium_on_the_path_is_found_and_a_broken_one_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "chromium", "exit 1")
    good = program(tmp_path, "google-chrome", "echo Google Chrome 1.0")

    found = run(
        sys.executable, "scripts/find_chromium.py", LOCKHOUSE_TEST_CHROMIUM="", PATH=f"{tmp_path}:/bin:/usr/sbin"
    )

    assert (found.returncode, found.stdout.strip()) == (0, str(good))


def test_the_environment_names_the_nginx_and_one_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    front = program(tmp_path, "front", "echo nginx version: nginx/1.0")

    found = run(sys.executable, "scripts/find_nginx.py", LOCKHOUSE_TEST_NGINX=str(front))
    missing = run(sys.executable, "scripts/find_nginx.py", LOCKHOUSE_TEST_NGINX=str(tmp_path / "nothing"))

    assert (found.returncode, found.stdout.strip()) == (0, str(front))
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "LOCKHOUSE_TEST_NGINX" in missing.stderr


def test_every_command_of_make_is_explained() -> None:
    listed = run("make", "--no-print-directory", "help").stdout

    for command in ("demo", "test", "test-long", "check", "docs", "lock", "clean"):
        assert f"make {command} " in listed


def test_the_environment_is_made_anew_for_another_python_and_only_where_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected_stamp = runpy.run_path(str(ROOT / "scripts" / "set_up.py"))["expected_stamp"]
    found = {"python": "3.99"}

    monkeypatch.delenv("PYTHON", raising=False)
    assert expected_stamp(found)["python"] == "3.99"
    monkeypatch.setenv("PYTHON", sys.executable)
    assert expected_stamp(found)["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
