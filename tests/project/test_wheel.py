"""The wheel ships what it should, under names that are ours alone."""

import json
import subprocess
import sys
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
