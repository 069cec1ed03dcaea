"""Where the project's files are, and what pyproject.toml says of them."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def modules() -> list[Path]:
    """Return every Python module that is shipped."""
    return sorted(module for package in PACKAGES for module in (ROOT / package).rglob("*.py"))
