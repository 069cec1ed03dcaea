"""Take a picture of every page of the gate and every mail: two sizes, two colour schemes, one folder.

The pages are drawn by the gate itself from samples (`tests/fixtures/gallery.py`) and served on this machine with their
own headers. `build/screenshots/index.html` shows all pictures side by side.
"""

import asyncio
import html
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the samples are the tests' own

from tests.browser.chromium import NoChromium, find_chromium  # noqa: E402 - found by the line above
from tests.fixtures.gallery import make_gallery  # noqa: E402
from tests.fixtures.mail_samples import mail_samples  # noqa: E402
from tests.fixtures.serving import serving  # noqa: E402

FOLDER = ROOT / "build" / "screenshots"
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "ar")
SAMPLE_LOGO = ROOT / "tests" / "fixtures" / "logo.svg"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing to take pictures of: at an address, or as it is."""

    name: str
    address: str = ""
    content: str = ""
    script: bool = True


def main(arguments: list[str]) -> int:
    """Take the pictures whose names contain one of *arguments*; all without any."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        taken = asyncio.run(take_all(arguments))
    except NoChromium as missing:
        print(f"✗ {missing}", file=sys.stderr)
        return 1
    (FOLDER / "index.html").write_text(index(taken), encoding="utf-8")
    print(f"✓ {len(taken)} pictures in {FOLDER.relative_to(ROOT)}, all of them in index.html")
    return 0


async def take_all(wanted: list[str]) -> list[str]:
    """Return the files that were written."""
    taken: list[str] = []
    async with async_playwright() as playwright, serving_all() as addresses:
        browser = await playwright.chromium.launch(executable_path=find_chromium(playwright))
        subjects = [one for one in subjects_at(addresses) if not wanted or any(word in one.name for word in wanted)]
        for size in SIZES:
            for scheme in SCHEMES:
                taken += await take(browser, subjects, size, scheme)
                print(f"· {size}, {scheme}", flush=True)
        await browser.close()
    return sorted(taken)


async def take(browser: Browser, subjects: list[Subject], size: str, scheme: Any) -> list[str]:
    """Take each subject in one size and one colour scheme."""
    width, height = SIZES[size]
    taken = []
    for script in (True, False):
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            java_script_enabled=script,
            reduced_motion="reduce",
            timezone_id="Europe/Berlin",
        )
        page = await context.new_page()
        for subject in (one for one in subjects if one.script is script):
            name = f"{subject.name}--{size}-{scheme}.png"
            await show(page, subject)
            await page.screenshot(path=FOLDER / name, full_page=True)
            taken.append(name)
        await context.close()
    return taken


async def show(page: Page, subject: Subject) -> None:
    """Open *subject*."""
    if subject.address:
        await page.goto(subject.address)
    else:
        await page.goto("about:blank")  # or the policy of the page before would hold for this content
        await page.set_content(subject.content)


def subjects_at(addresses: dict[str, str]) -> Iterator[Subject]:
    """Yield everything there is to be seen."""
    for language in LANGUAGES:
        for name in make_gallery(language).pages:
            yield Subject(name=f"page-{language}-{name}", address=f"{addresses[language]}/pages/{name}")
    for name in ("landing", "prompt-password"):
        yield Subject(name=f"page-branded-{name}", address=f"{addresses['branded']}/pages/{name}")
        yield Subject(name=f"page-noscript-{name}", address=f"{addresses['en']}/pages/{name}", script=False)
    for name, mail in mail_samples().items():
        yield Subject(name=f"mail-html-{name}", content=mail.html, script=False)
        yield Subject(name=f"mail-text-{name}", content=as_text(mail.subject, mail.text), script=False)


def as_text(subject: str, text: str) -> str:
    """Return a mail's text as a program without HTML shows it."""
    shown = html.escape(f"Subject: {subject}\n\n{text}")
    style = "margin:1rem; font:14px/1.45 monospace; white-space:pre-wrap; overflow-wrap:anywhere"
    return f'<meta name="color-scheme" content="light dark"><pre dir="auto" style="{style}">{shown}</pre>'


@asynccontextmanager
async def serving_all() -> AsyncIterator[dict[str, str]]:
    """Serve each gallery on a port of its own."""
    galleries = {language: make_gallery(language) for language in LANGUAGES}
    galleries["branded"] = make_gallery(accent="#7a1f5c", logo=SAMPLE_LOGO)
    async with AsyncExitStack() as closing:
        yield {
            name: await closing.enter_async_context(serving(gallery.application()))
            for name, gallery in galleries.items()
        }


def index(names: list[str]) -> str:
    """Return a page with all pictures."""
    figures = "".join(
        f'<figure><a href="{name}"><img src="{name}" loading="lazy" height="420"></a><figcaption>{name}</figcaption>'
        "</figure>"
        for name in names
    )
    style = "body{font:13px sans-serif;background:#888}figure{display:inline-block;margin:8px;vertical-align:top}"
    return f"<!doctype html><title>Screenshots</title><style>{style}</style>{figures}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
