"""Other people's client libraries against a real server."""

import shutil
from pathlib import Path

import pytest

from tests.front.conftest import fronted

__all__ = ["fronted"]

PACKAGE = Path(__file__).parent / "openid-client"


@pytest.fixture(scope="session")
def node() -> str:
    """Return Node's path; what is missing is said together with what to do."""
    found = shutil.which("node")
    assert found, "expected node (20 or newer) on the PATH, found none; install it (Debian: apt-get install nodejs npm)"
    return found


@pytest.fixture
def node_folder(node: str, tmp_path: Path) -> Path:
    """Return an empty folder in which Node finds what package-lock.json says."""
    installed = PACKAGE / "node_modules"
    assert installed.is_dir(), f"{installed} is missing; run make test-foreign, which installs it"
    (tmp_path / "node_modules").symlink_to(installed)
    return tmp_path
