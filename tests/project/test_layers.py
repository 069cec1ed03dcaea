"""The import contracts hold, and each would notice the import that it forbids."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.layout import PACKAGES, PYPROJECT, ROOT

# One violation each: the contract that must notice it, the module that commits it, what that module says.
PLANTED = {
    "an executor imports a protocol": ("packages", "executors/planted.py", "import protocols.oauth2"),
    "the engine imports the program": ("packages", "engine/runtime/planted.py", "import lockhouse.settings"),
    "the language imports the storage": ("engine", "engine/language/planted.py", "import engine.storage"),
    "the runtime imports the fakes": ("engine", "engine/runtime/planted.py", "import engine.testing"),
    "a new part of the engine has no layer": ("engine", "engine/planted.py", ""),
    "the common part imports CIBA": ("protocols", "protocols/oauth2/planted.py", "import protocols.oauth2_ciba"),
    "a new protocol has no layer": ("protocols", "protocols/planted.py", ""),
    "an executor imports another": ("executors", "executors/planted.py", "import executors.consent"),
    "a channel imports another": ("channels", "executors/channels/planted.py", "import executors.channels.email"),
    "two neighbours import each other": (
        "cycles",
        "lockhouse/planted_one.py",
        "import lockhouse.planted_two",
        "lockhouse/planted_two.py",
        "import lockhouse.planted_one",
    ),
    "what decides imports a database": ("no-database", "engine/execution/planted.py", "import sqlalchemy"),
    "an executor imports the web": ("http", "executors/planted.py", "import starlette.requests"),
    "a protocol's inside imports the web": ("http", "protocols/oauth2_ciba/planted.py", "import starlette.requests"),
    "somebody imports past the front door": (
        "front-door",
        "executors/planted.py",
        "from engine.contracts import Contract",
    ),
    "somebody imports deep past a door": (
        "front-door",
        "lockhouse/planted.py",
        "from engine.storage.planted import thing",
        "engine/storage/planted.py",
        "thing = 1",
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the packages, so that a violation can be planted."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--no-logo", "--no-cache", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def test_every_contract_is_kept() -> None:
    linted = lint(ROOT)

    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("violation", PLANTED)
def test_a_planted_violation_is_noticed(copy: Path, violation: str) -> None:
    contract, *files = PLANTED[violation]
    for path, text in zip(files[::2], files[1::2], strict=True):
        (copy / path).write_text(f'"""Planted."""\n\n{text}\n')

    linted = lint(copy, "--contract", contract)

    assert linted.returncode == 1, linted.stdout
    assert "planted" in linted.stdout


def test_an_import_for_types_alone_is_allowed(copy: Path) -> None:
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import engine.storage\n"
    (copy / "engine" / "contracts" / "planted.py").write_text(text)

    assert lint(copy, "--contract", "engine").returncode == 0


def test_the_contracts_see_every_shipped_package() -> None:
    assert PYPROJECT["tool"]["importlinter"]["root_packages"] == sorted(PACKAGES)
