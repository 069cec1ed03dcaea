"""The site has every page, each once."""

import tomllib
from collections.abc import Iterator
from typing import Any

from tests.project.layout import ROOT


def pages(entry: Any) -> Iterator[str]:
    """Yield the pages below an entry of the navigation."""
    if isinstance(entry, str):
        yield entry
        return
    for below in entry.values() if isinstance(entry, dict) else entry:
        yield from pages(below)


def test_the_navigation_has_every_page_once() -> None:
    navigation = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    found = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md")
    written = [str(page.relative_to(ROOT)) for page in found]

    assert sorted(pages(navigation)) == sorted("index.md" if page == "README.md" else page for page in written)
