"""Where a declared contract is not the installed one: each place, with what both say."""

import json
from collections.abc import Iterator
from typing import Any, Final

from engine.contracts import Contract

_PROSE: Final = frozenset({"name", "summary", "faults"})
_NOTHING: Final = object()


def differences(declared: Contract, installed: Contract) -> tuple[str, ...]:
    """Return in what *declared* is not *installed*, one line for each place; the prose may differ.

    >>> one = Contract.declare(name="a", summary="", effect="external", outcomes={"done": {}}, inputs={"x": "id"})
    >>> other = Contract.declare(name="a", summary="", effect="external", outcomes={"done": {}}, inputs={"x": "url"})
    >>> differences(one, other)
    ('inputs.x.type: declared "id", installed "url"',)
    """
    here, there = declared.to_json(), installed.to_json()
    return tuple(_compared({name: part for name, part in here.items() if name not in _PROSE}, there, ""))


def _compared(here: dict[str, Any], there: dict[str, Any], path: str) -> Iterator[str]:
    for name in sorted({*here, *(there if path else here)}):
        place = f"{path}.{name}" if path else name
        one, other = here.get(name, _NOTHING), there.get(name, _NOTHING)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _compared(one, other, place)
        elif one != other:
            yield f"{place}: declared {_told(one)}, installed {_told(other)}"


def _told(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value)
