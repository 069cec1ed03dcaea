"""The checks, a module for each family; each is a pure function from a study to diagnostics."""

from collections.abc import Callable, Iterable
from typing import Final

from engine.language.checks.audience import check_audience
from engine.language.checks.calls import check_calls
from engine.language.checks.data import check_data
from engine.language.checks.deadline import check_deadline
from engine.language.checks.names import check_names
from engine.language.checks.outcomes import check_outcomes
from engine.language.checks.provenance import check_provenance
from engine.language.checks.secrets import check_secrets
from engine.language.checks.shape import check_shape
from engine.language.checks.texts import check_texts
from engine.language.checks.types import check_types
from engine.language.diagnostics import Diagnostic
from engine.language.study import Study

Check = Callable[[Study], Iterable[Diagnostic]]

# Secrets come before types: a password in a wrong place has a wrong type there, too, and that is not the point.
FAMILIES: Final[tuple[Check, ...]] = (
    check_names,
    check_calls,
    check_outcomes,
    check_shape,
    check_secrets,
    check_audience,
    check_types,
    check_data,
    check_provenance,
    check_deadline,
    check_texts,
)


def check_study(study: Study) -> list[Diagnostic]:
    """Return everything that is wrong with the document of *study*, in the order of its file.

    Of several families that find fault with one place, the first is heard: the others' words would follow from it.
    """
    found: list[Diagnostic] = []
    for check in FAMILIES:
        taken = [(before.line, before.column, before.end_column) for before in found]
        found += [diagnostic for diagnostic in check(study) if not _overlaps(diagnostic, taken)]
    return sorted(found, key=lambda diagnostic: (diagnostic.line, diagnostic.column, diagnostic.code))


def _overlaps(found: Diagnostic, taken: Iterable[tuple[int, int, int]]) -> bool:
    return any(line == found.line and column < found.end_column and found.column < end for line, column, end in taken)
