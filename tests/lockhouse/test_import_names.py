"""Somebody else's package in the place of ours is named, with what to do."""

import os
import subprocess
import sys
from pathlib import Path

from lockhouse.import_names import OURS, check_names, taken_names
from lockhouse.installed_files import damaged_files
from tests.project.layout import PACKAGES

FRONT = '"""The front."""\n'
CHECKSUM = "sha256=-Z-XNopspkPNj9Awe1Xq6-9jl7XCFU4gIHQdGtPcYfE"


def distribution(folder: Path, name: str, *lines: str) -> None:
    """Install a distribution that lists *lines*, as pip leaves it."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n")
    (metadata / "RECORD").write_text("".join(f"{line}\n" for line in lines))


def file(folder: Path, name: str, text: str = FRONT) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_the_names_are_those_that_are_shipped() -> None:
    assert sorted(OURS) == sorted(PACKAGES)


def test_here_every_name_is_ours() -> None:
    check_names()


def test_a_distribution_that_owns_one_of_our_names_is_named() -> None:
    owners = {name: ["lockhouse"] for name in OURS} | {"executors": ["lockhouse", "executors"]}

    assert taken_names(owners=owners, locate=Path) == ("the package executors belongs to executors, too",)


def test_what_we_installed_is_fine(tmp_path: Path) -> None:
    distribution(tmp_path, "lockhouse", f"executors/__init__.py,{CHECKSUM},1", "executors/consent.py,sha256=x,1")
    file(tmp_path, "executors/__init__.py")
    file(tmp_path, "executors/consent.py", "ours = True\n")

    assert damaged_files(OURS, path=[str(tmp_path)]) == ()


def test_a_front_module_that_was_overwritten_is_named(tmp_path: Path) -> None:
    distribution(tmp_path, "lockhouse", f"executors/__init__.py,{CHECKSUM},1")
    file(tmp_path, "executors/__init__.py", "theirs = True\n")

    (problem,) = damaged_files(OURS, path=[str(tmp_path)])

    assert problem.startswith("executors/__init__.py is not the file that came with Lockhouse")
    assert "pip install --force-reinstall --no-deps lockhouse" in problem


def test_a_file_that_went_away_with_another_distribution_is_named(tmp_path: Path) -> None:
    distribution(tmp_path, "lockhouse", "executors/consent.py,sha256=x,1")

    (problem,) = damaged_files(OURS, path=[str(tmp_path)])

    assert problem.startswith("executors/consent.py is missing")


def test_a_folder_of_that_name_where_the_program_is_started_is_named(tmp_path: Path) -> None:
    file(tmp_path, "executors/__init__.py")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    # An installed package comes after PYTHONPATH; serve cannot even be imported then.
    told = subprocess.run(
        [sys.executable, "-m", "lockhouse", "serve"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )

    assert told.returncode == 1, told.stderr
    assert "Traceback" not in told.stderr
    assert f"found in {tmp_path / 'executors'}" in " ".join(told.stderr.split())
