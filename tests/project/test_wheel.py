"""The wheel ships what it should, under names that are ours alone."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.project.layout import PACKAGES, ROOT

NAMES_AND_OWNERS = """
import json, sys
from importlib.metadata import packages_distributions
owners = packages_distributions()
json.dump({name: owners.get(name) for name in sys.argv[1:]}, sys.stdout)
"""


def environment() -> dict[str, str]:
    """Return what somebody has who has never heard of our sources."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCKHOUSE_", "PYTHON"))}
    return {**kept, "NO_COLOR": "1"}


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(), check=False, capture_output=True, text=True, timeout=500
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("lockhouse-*.whl"))


def test_the_wheel_has_our_packages_and_no_other(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == set(PACKAGES)


def test_the_wheel_has_every_module_and_every_flow(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]

    assert [name for name in shipped if name not in names] == []


def test_nobody_else_owns_our_import_names(wheel: Path, tmp_path: Path) -> None:
    # An editable install tells nothing: packages_distributions() is empty for it. So the wheel is installed.
    venv.create(tmp_path, with_pip=False, symlinks=True)
    python = tmp_path / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True)

    told = subprocess.run([python, "-c", NAMES_AND_OWNERS, *PACKAGES], check=True, capture_output=True, cwd=tmp_path)

    assert json.loads(told.stdout) == {name: ["lockhouse"] for name in PACKAGES}


def test_nothing_installed_here_shares_our_names() -> None:
    code = "import json, sys; from importlib.metadata import packages_distributions as p; json.dump(p(), sys.stdout)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    owners = json.loads(told.stdout)

    assert [name for name in PACKAGES if set(owners.get(name, ())) - {"lockhouse"}] == []


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the wheel. Its dependencies are those of the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, str(wheel)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Only the packages: what such a line names is not searched for lines of its own, so our sources stay unknown.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_the_wheel_runs_the_demo_away_from_the_sources(installed: Path, tmp_path: Path) -> None:
    place = run(tmp_path, installed / "bin" / "python", "-c", "import engine, lockhouse; print(engine.__file__)")
    assert place.stdout.startswith(str(installed)), place.stdout + place.stderr

    played = run(tmp_path, installed / "bin" / "lockhouse", "demo", "--auto")

    assert played.returncode == 0, played.stdout + played.stderr
    assert "can prove it" in played.stdout


def test_a_server_of_the_wheel_refuses_to_start_where_a_file_of_ours_was_overwritten(
    installed: Path, tmp_path: Path
) -> None:
    (front,) = installed.glob("lib/python*/site-packages/executors/__init__.py")
    ours = front.read_text()
    front.write_text("raise ImportError('no ssh here')\n")
    try:
        told = run(tmp_path, installed / "bin" / "lockhouse", "serve")
    finally:
        front.write_text(ours)

    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "executors/__init__.py is not the file that came with Lockhouse" in " ".join(told.stderr.split())


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_an_empty_environment_runs_the_demo_with_the_extra_and_says_so_without_it(wheel: Path, tmp_path: Path) -> None:
    empty, locked = tmp_path / "empty", tmp_path / "locked.txt"
    venv.create(empty, with_pip=False, symlinks=True)
    # The versions of the lock file: what is tried is our wheel, not what came out today.
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked.write_text("\n".join(line.rstrip("\\") for line in lines if re.match(r"[a-z0-9-]+==", line)))
    pip = (sys.executable, "-m", "pip", "--python", empty / "bin" / "python", "install", "--quiet", "--no-compile")
    limits = ("--disable-pip-version-check", "--no-input", "--constraint", locked)

    plain = run(tmp_path, *pip, *limits, wheel)
    assert plain.returncode == 0, plain.stderr
    refused = run(tmp_path, empty / "bin" / "lockhouse", "demo", "--auto")
    assert refused.returncode == 2
    assert "pip install 'lockhouse[demo]'" in refused.stderr

    extra = run(tmp_path, *pip, *limits, f"{wheel}[demo]")
    assert extra.returncode == 0, extra.stderr
    played = run(tmp_path, empty / "bin" / "lockhouse", "demo", "--auto")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "can prove it" in played.stdout
