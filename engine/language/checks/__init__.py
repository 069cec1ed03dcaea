"""The checks, a module for each family; each is a pure function from a study to diagnostics."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
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
from engine.language.checks.unread import check_unread
from engine.language.diagnostics import Diagnostic
from engine.language.study import Study

Check = Callable[[Study], Iterable[Diagnostic]]

# Nobody reads more at once; and checks are lazy, so that a file made of mistakes takes no longer than others.
MOST_OF_A_FAMILY: Final = 100
# Secrets come before types: a password in a wrong place has a wrong type there, too, and that is not the point.
FAMILIES: Final[tuple[Check, ...]] = (
    check_names,
    check_calls,
    check_outcomes,
    check_secrets,
    check_audience,
    check_shape,
    check_types,
    check_data,
    check_unread,
    check_provenance,
    check_deadline,
    check_texts,
)

# What does not follow by its place: a route that is missing, or leads astray, leaves nodes behind that seem lost.
_EXPLAINED_BY: Final[Mapping[str, frozenset[str]]] = {
    "LH501": frozenset({"LH401", "LH402", "LH408", "LH802"}),
    "LH502": frozenset({"LH401", "LH402", "LH408", "LH802"}),
    "LH701": frozenset({"LH505", "LH802"}),
    "LH851": frozenset({"LH505", "LH802"}),
}


def check_study(study: Study, before: Iterable[Diagnostic] = ()) -> list[Diagnostic]:
    """Return everything that is wrong with the document of *study*, in the order of its file.

    Of several families that find fault with one place, the first is heard: the others' words would follow from it.
    *before* are the faults of reading the file.
    """
    found: list[Diagnostic] = []
    read = list(before)
    for check in FAMILIES:
        codes = {one.code for one in found}
        taken = [(one.line, one.column, one.end_column) for one in (*read, *found)]
        own = (diagnostic for diagnostic in check(study) if not _follows(diagnostic, codes, taken))
        found += islice(own, MOST_OF_A_FAMILY)
    return sorted(found, key=lambda diagnostic: (diagnostic.line, diagnostic.column, diagnostic.code))


def _follows(found: Diagnostic, codes: set[str], taken: Iterable[tuple[int, int, int]]) -> bool:
    if not codes.isdisjoint(_EXPLAINED_BY.get(found.code, ())):
        return True
    return any(line == found.line and column < found.end_column and found.column < end for line, column, end in taken)
