"""Pages that need Node run as they stand, in `make test-foreign`."""

import json
import re
from pathlib import Path

import pytest

from tests.foreign.conftest import PACKAGE
from tests.project.documents import run_document
from tests.project.layout import ROOT

PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "```javascript" in page.read_text()]


@pytest.mark.node
@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_with_javascript_runs(page: Path, node_folder: Path) -> None:
    run_document(page, node_folder)


def test_the_page_names_the_version_that_is_tested() -> None:
    wanted = json.loads((PACKAGE / "package.json").read_text())["dependencies"]["openid-client"]
    page = (ROOT / "docs" / "how-to" / "use-openid-client.md").read_text()

    assert f"with version {wanted} " in page


def test_the_lock_holds_no_address_of_a_registry() -> None:
    lock = (PACKAGE / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert not re.search(r"https?://(?!github\.com/sponsors/)", lock)
