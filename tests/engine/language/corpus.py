"""Broken flows: each is a sample with one edit, and the one diagnostic that the compiler must give for it.

They stand in ``broken_flows.txt``, written before the run. A case begins with ``@`` and the sample's name; its lines
are those of a diff: `` `` a line that stays, ``-`` one that goes, ``+`` one that comes, ``~`` one that comes and has
escapes in it. ``# ^ CODE`` marks the place in the line above where the caret must stand; the sign at the beginning of
each line takes one column, so that the caret stands right under it. ``...`` leads to another place of the flow.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.engine.language.samples import FLOWS

FILE: Final = Path(__file__).with_name("broken_flows.txt")


@dataclass(frozen=True, slots=True)
class Broken:
    """One edit of one sample: for each place the lines before and after it; the rule that it breaks, and where."""

    file: str
    line: int
    code: str
    column: int
    marked: tuple[int, int]
    edits: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


def _read(text: str) -> tuple[Broken, ...]:
    cases, line = [], 1
    for block in text.rstrip("\n").split("\n\n"):
        cases.append(_case(block.split("\n"), line))
        line += block.count("\n") + 2
    return tuple(cases)


def _case(lines: list[str], line: int) -> Broken:
    file, marks = lines[0].removeprefix("@ "), []
    edits: list[tuple[list[str], list[str]]] = [([], [])]
    for written in lines[1:]:
        sign, rest = written[:1], written[1:]
        old, new = edits[-1]
        if written == "...":
            edits.append(([], []))
        elif sign == "#":
            marks.append((rest.index("^") + 1, rest.split()[-1], (len(edits) - 1, len(new) - 1)))
        else:
            if sign in " -":
                old.append(rest)
            if sign in " +~":
                new.append(rest.encode("ascii").decode("unicode_escape") if sign == "~" else rest)
    ((column, code, marked),) = marks
    return Broken(file, line, code, column, marked, tuple((tuple(old), tuple(new)) for old, new in edits))


CORPUS: Final = _read(FILE.read_text(encoding="utf-8"))


def broken_text(case: Broken) -> tuple[str, tuple[int, int]]:
    """Return the edited flow and the marked place."""
    lines = FLOWS[case.file].split("\n")
    marked = -1
    for index, (old, new) in enumerate(case.edits):
        starts = [at for at in range(len(lines)) if tuple(lines[at : at + len(old)]) == old]
        assert len(starts) == 1, f"{FILE.name}:{case.line}: the edit must fit one place: {old}"
        if marked >= 0 and starts[0] <= marked:
            marked += len(new) - len(old)
        lines[starts[0] : starts[0] + len(old)] = new
        if index == case.marked[0]:
            marked = starts[0] + case.marked[1]
    return "\n".join(lines), (marked + 1, case.column)
