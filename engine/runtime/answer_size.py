"""How long an executor's answer may be: what it says is sealed into state and history, and read at each step."""

from collections.abc import Mapping
from typing import Any, Final

MOST_CHARACTERS: Final = 4 * 1024 * 1024
_EACH: Final = 8  # a number, a name, a bracket: so that many small parts count as well


def is_too_long(fields: Mapping[str, Any], most: int = MOST_CHARACTERS) -> bool:
    """Return whether *fields* hold more than *most* characters in all, texts and names together.

    >>> is_too_long({"reference": "r1"}), is_too_long({"lines": ["x" * 60] * 10}, most=500)
    (False, True)
    """
    left, waiting = most, [fields]
    while waiting and left >= 0:
        part: Any = waiting.pop()
        match part:
            case str() | bytes():
                left -= len(part)
            case Mapping():
                left -= _EACH * len(part)
                waiting += [*part.keys(), *part.values()]
            case list() | tuple():
                left -= _EACH * len(part)
                waiting += part
            case _:
                left -= _EACH
    return left < 0
