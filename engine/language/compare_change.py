"""One difference between two versions of a flow, and whom it concerns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

from engine.contracts import UNSET, Declaration, EnumOf, ListOf, RecordOf, Scalar, ValueType

Affected = OneOf["callers", "waiting executions", "front ends", "senders", "operators", "people"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. ``path`` says where, in the words of the flow's file; ``breaking`` that somebody must act."""

    flow: str
    path: str
    kind: str
    message: str
    breaking: bool
    affects: tuple[Affected, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"affects": list(self.affects)}


@dataclass(frozen=True, slots=True)
class Difference:
    """How one value changed: it takes less than before, or it may be more than before, or both."""

    path: str
    message: str
    takes_less: bool
    gives_more: bool


def declaration_differences(
    old: Mapping[str, Declaration], new: Mapping[str, Declaration], path: str
) -> Iterator[Difference]:
    """Yield how the declarations of *new* differ from those of *old*.

    What takes less breaks those who give it (inputs, fields, payloads); what gives more breaks those who read it
    (the fields of outcomes).
    """
    for name in old.keys() - new.keys():
        yield Difference(f"{path}.{name}", "is no longer there", takes_less=True, gives_more=True)
    for name in sorted(new.keys() - old.keys()):
        must = new[name].required
        yield Difference(
            f"{path}.{name}", "is new, and must be given" if must else "is new", takes_less=must, gives_more=False
        )
    for name in sorted(old.keys() & new.keys()):
        yield from _differences(old[name], new[name], f"{path}.{name}")


def _differences(old: Declaration, new: Declaration, path: str) -> Iterator[Difference]:
    yield from _of_types(old.type, new.type, path)
    if old.required != new.required:
        words = "must be given now" if new.required else "may be left out now"
        yield Difference(path, words, takes_less=new.required, gives_more=new.optional and not old.optional)
    elif old.optional != new.optional:
        words = "may be absent now" if new.optional else "is always there now"
        yield Difference(path, words, takes_less=False, gives_more=new.optional)
    elif old.default != new.default:
        words = "has no default any more" if new.default is UNSET else f"defaults to {json.dumps(new.default)} now"
        yield Difference(path, words, takes_less=False, gives_more=False)
    yield from _of_bounds(old, new, path)
    if old.secret != new.secret or old.audience != new.audience:
        yield Difference(path, "may be seen by others than before", takes_less=True, gives_more=True)


def _of_types(old: ValueType, new: ValueType, path: str) -> Iterator[Difference]:
    match old, new:
        case EnumOf(before), EnumOf(after):
            gone, added = [word for word in before if word not in after], [word for word in after if word not in before]
            if gone:
                yield Difference(path, f"is no longer {', '.join(gone)}", takes_less=True, gives_more=False)
            if added:
                yield Difference(path, f"may be {', '.join(added)}, too", takes_less=False, gives_more=True)
        case ListOf(before), ListOf(after):
            yield from _of_types(before, after, path)
        case RecordOf(before), RecordOf(after):
            yield from declaration_differences(before, after, path)
        case Scalar("integer"), Scalar("number"):
            yield Difference(path, "is any number now", takes_less=False, gives_more=True)
        case _ if old != new:
            yield Difference(path, f"was {old}, and is {new}", takes_less=True, gives_more=True)
        case _:
            pass


def _of_bounds(old: Declaration, new: Declaration, path: str) -> Iterator[Difference]:
    for option, tighter in (("min", 1), ("max", -1)):
        before, after = getattr(old, option), getattr(new, option)
        if before == after:
            continue
        less = after is not None and (before is None or (after - before) * tighter > 0)
        words = f"has no {option} any more" if after is None else f"has {option} {after} now"
        yield Difference(path, words, takes_less=less, gives_more=not less)
    if old.pattern != new.pattern:
        yield Difference(path, "has another pattern", takes_less=new.pattern is not None, gives_more=True)
