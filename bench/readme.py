"""Puts what a run found into ``bench/README.md``, between two marks."""

from pathlib import Path

README = Path(__file__).resolve().parent / "README.md"
BEGIN = "<!-- from here on written by bench/protocol.py --write -->"
END = "<!-- to here -->"


class MarksMissing(ValueError):
    """The README has not the two marks, once each and in order."""


def replaced(page: str, found: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """Return *page* with *found* between its marks.

    >>> "old" in replaced(f"{BEGIN} old {END}", "new")
    False
    """
    first, last = marks
    before, begin, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end or first in after or last in after:
        raise MarksMissing(f"expected the marks '{first}' and '{last}' once each: put them back into {README.name}")
    return f"{before}{first}\n\n{found.strip()}\n\n{last}{after}"


def write(found: str, *, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Put *found* into the README."""
    README.write_text(replaced(README.read_text(), found, marks))
