"""Every rule of the flow language, by code.

Codes are stable. The reference pages are generated from ``RULES``.
"""

from collections.abc import Mapping
from typing import Final

from engine.contracts import frozen
from engine.language.rule import Rule
from engine.language.rules_graph import RULES_GRAPH
from engine.language.rules_names import RULES_NAMES
from engine.language.rules_shape import RULES_SHAPE
from engine.language.rules_tests import RULES_TESTS
from engine.language.rules_values import RULES_VALUES
from engine.language.rules_yaml import RULES_YAML

RULES: Final[Mapping[str, Rule]] = frozen(
    dict((*RULES_YAML, *RULES_SHAPE, *RULES_NAMES, *RULES_GRAPH, *RULES_VALUES, *RULES_TESTS)),
)


def rules() -> tuple[Rule, ...]:
    """Return every rule, in order of its code: what the reference pages are generated from."""
    return tuple(RULES[code] for code in sorted(RULES))
