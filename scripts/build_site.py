"""Build the documentation as a site in ``dist/site``: the repository's Markdown, in the repository's folders.

The pages keep their places, so that one link works where Markdown is shown, in an editor and on the site. What a page
links to outside of ``docs`` is taken along. Zensical refuses a link to a page or an anchor that is not there; the
built pages are then read once more for links to anything else that is missing.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
# Named in zensical.toml, too.
SOURCE = ROOT / "build" / "site"
SITE = ROOT / "dist" / "site"

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def main() -> int:
    """Gather the pages, build the site, check it."""
    pages = gather()
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if built.returncode != 0:
        print(built.stdout.strip() + built.stderr.strip())
        print("✗ the site was not built; what is wrong is above")
        return 1
    if dead := dead_links(SITE):
        print("\n".join(f"{target} is not there; linked from {', '.join(pages)}" for target, pages in dead.items()))
        print(
            f"✗ links lead to {len(dead)} pages or files that are not there (a page in zensical.toml, too, is a link)"
        )
        return 1
    print(f"✓ {pages} pages in dist/site; open dist/site/index.html")
    return 0


def gather() -> int:
    """Put every page, and what it links to, where Zensical looks. Return how many pages there are."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"]
    for page in pages:
        take(page)
        for target in linked(page):
            if target.is_file() and target.suffix != ".md":
                take(target)
    # The front page of a site is called so; a link to it is followed by its name in the repository.
    (SOURCE / "README.md").rename(SOURCE / "index.md")
    return len(pages)


def take(file: Path) -> None:
    """Copy *file* to its place; README.md is index.md there."""
    copy = SOURCE / file.relative_to(ROOT)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(file.read_bytes())


def linked(page: Path) -> Iterator[Path]:
    """Yield what *page* links to in this repository."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not urlsplit(target).scheme:
            yield (page.parent / target).resolve()


def dead_links(site: Path) -> dict[str, list[str]]:
    """Return what the built pages link to and is not there, each with at most three of the pages that do."""
    dead: dict[str, list[str]] = {}
    for page in sorted(site.rglob("*.html")):
        if page.name == "404.html":  # its links start at the root of whatever server it is put on
            continue
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        for target in links.found:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            file = (page.parent / unquote(parts.path)).resolve()
            if not (file.is_file() or (file / "index.html").is_file()):
                dead.setdefault(os.path.relpath(file, site), []).append(str(page.relative_to(site)))
    return {target: sorted(set(pages))[:3] for target, pages in sorted(dead.items())}


class Links(HTMLParser):
    """Collects what a page links to and loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses in *attrs*."""
        _ = tag
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]


if __name__ == "__main__":
    sys.exit(main())
