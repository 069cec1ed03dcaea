"""Puts what a run found into ``bench/README.md``, between two marks."""

from pathlib import Path

README = Path(__file__).resolve().parent / "README.md"
BEGIN = "<!-- from here on written by bench/protocol.py --write -->"
END = "<!-- to here -->"


class MarksMissing(ValueError):
    """The README has not the two marks, once each and in order."""


def replaced(page: str, found: str) -> str:
    """Return *page* with *found* between its marks.

    >>> "old" in replaced(f"{BEGIN} old {END}", "new")
    False
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in after:
        raise MarksMissing(f"expected the marks '{BEGIN}' and '{END}' once each: put them back into {README.name}")
    return f"{before}{BEGIN}\n\n{found.strip()}\n\n{END}{after}"


def write(found: str) -> None:
    """Put *found* into the README."""
    README.write_text(replaced(README.read_text(), found))
