"""What is known of where a value comes from: what it proves, and of whom.

A *symbol* names a value that stays the same wherever it is met: ``("inputs", "subject")``, ``("literal", "ann")``,
``("steps", "check", "subject")``. The same symbol, the same person. A symbol that a later visit of its node (or a later
``set`` of its variable) has replaced is *earlier*: it is like no other, not even like itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.contracts import frozen

Symbol = tuple[str, ...]
Labels = Mapping[str, Symbol | None]
EARLIER: Final[Symbol] = ("earlier",)
_NOTHING: Final[Labels] = frozen({})


@dataclass(frozen=True, slots=True)
class Origin:
    """What a value proves: ``labels``, each with the person whom it is about (None: that cannot be told).

    ``parts`` are the parts of a record that was written out; other parts are worth what the whole is.
    ``known`` is false where something wrong was reported already, and nothing must follow from it.
    """

    symbol: Symbol | None = None
    labels: Labels = field(default_factory=lambda: _NOTHING)
    parts: Mapping[str, Origin] | None = None
    known: bool = True

    @property
    def person(self) -> Symbol | None:
        """Return who it names, if it names a person: the one who was proven, or else the value itself."""
        return self.labels.get("authentication") or self.symbol

    def part(self, name: str) -> Origin:
        """Return the origin of one part of a record."""
        if self.parts is not None:
            return self.parts.get(name, NOTHING)
        return replace(self, symbol=(*self.symbol, name) if self.symbol else None)

    def changed(self) -> Origin:
        """Return the origin of what was computed from it, one piece or several: worth as much, and another value."""
        return replace(self, symbol=None)


Summary = Mapping[str, Mapping[str, Origin]]
"""What a flow's outcomes prove: outcome by outcome, field by field."""

NOTHING: Final = Origin()
UNKNOWN: Final = Origin(known=False)


def literal(value: Any) -> Origin:
    """Return the origin of what stands in the flow itself."""
    return Origin(symbol=("literal", repr(value)))


def same(left: Symbol | None, right: Symbol | None) -> bool:
    """Return whether two symbols are surely one person, or whether that cannot be told."""
    return left is None or right is None or (left == right and left != EARLIER)


def meet(left: Origin | None, right: Origin | None, otherwise: Symbol | None = None) -> Origin | None:
    """Return what holds of a value that is one or the other; None stands for a value that is not there.

    Where the two are about different persons, the result is about *otherwise*, a name for "whoever it was".
    """
    if left is None or right is None:
        return left or right
    if left == right or not right.known:
        return left
    if not left.known:
        return right
    labels = {
        label: left.labels[label] if left.labels[label] == right.labels[label] else otherwise or EARLIER
        for label in left.labels.keys() & right.labels.keys()
    }
    symbol = left.symbol if left.symbol == right.symbol else otherwise
    return Origin(symbol, frozen(labels), _meet_parts(left, right, otherwise))


def _meet_parts(left: Origin, right: Origin, otherwise: Symbol | None) -> Mapping[str, Origin] | None:
    if left.parts is None and right.parts is None:
        return None
    names = sorted({*(left.parts or ()), *(right.parts or ())})
    met = {name: meet(left.part(name), right.part(name), (*otherwise, name) if otherwise else None) for name in names}
    return frozen({name: origin for name, origin in met.items() if origin is not None})


def aged(origin: Origin, replaced: Symbol) -> Origin:
    """Return *origin* after the values whose symbols begin with *replaced* were replaced by newer ones."""
    if not origin.labels and origin.parts is None and (not origin.symbol or origin.symbol[: len(replaced)] != replaced):
        return origin  # most are so
    if not _touches(origin, replaced):
        return origin
    return Origin(
        _older(origin.symbol, replaced),
        frozen({label: _older(person, replaced) for label, person in origin.labels.items()}),
        frozen({name: aged(part, replaced) for name, part in origin.parts.items()}) if origin.parts else origin.parts,
        origin.known,
    )


def _touches(origin: Origin, replaced: Symbol) -> bool:
    symbols = [origin.symbol, *origin.labels.values()]
    return any(symbol is not None and symbol[: len(replaced)] == replaced for symbol in symbols) or any(
        _touches(part, replaced) for part in (origin.parts or {}).values()
    )


def _older(symbol: Symbol | None, replaced: Symbol) -> Symbol | None:
    return EARLIER if symbol is not None and symbol[: len(replaced)] == replaced else symbol
