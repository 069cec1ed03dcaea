"""The checks, a module for each family; each is a pure function from a study to diagnostics."""

from collections.abc import Callable, Iterable
from typing import Final

from engine.language.checks.calls import check_calls
from engine.language.checks.data import check_data
from engine.language.checks.names import check_names
from engine.language.checks.outcomes import check_outcomes
from engine.language.checks.secrets import check_secrets
from engine.language.checks.shape import check_shape
from engine.language.checks.texts import check_texts
from engine.language.checks.types import check_types
from engine.language.diagnostics import Diagnostic
from engine.language.study import Study

Check = Callable[[Study], Iterable[Diagnostic]]

FAMILIES: Final[tuple[Check, ...]] = (
    check_names,
    check_calls,
    check_outcomes,
    check_shape,
    check_types,
    check_data,
    check_secrets,
    check_texts,
)


def check_study(study: Study) -> list[Diagnostic]:
    """Return everything that is wrong with the document of *study*, in the order of its file."""
    found = [diagnostic for check in FAMILIES for diagnostic in check(study)]
    return sorted(found, key=lambda diagnostic: (diagnostic.line, diagnostic.column, diagnostic.code))
