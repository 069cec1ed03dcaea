"""Records what a person agreed to; architecture.md "What an executor may be".

It only ever narrows: what was not asked cannot be granted, and what is required cannot be left out. Asking the
person is the prompt before it; keeping the record is left to the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from engine import Context, Contract, Done, Refused

if TYPE_CHECKING:
    from engine.storage import Unit  # a check of flows needs the contracts, and no database


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person saw and agreed to. ``granted`` are names of ``asked``, in its order, each once."""

    subject: str
    requester: str
    asked: tuple[str, ...]
    granted: tuple[str, ...]
    shown: str = field(repr=False)


class ConsentLedger(Protocol):
    """Whoever keeps the record."""

    def record(self, unit: Unit, context: Context, decision: Decision) -> None:
        """Keep *decision*, in the transaction that records the task's result."""
        ...


class Consent:
    """The executor ``consent``."""

    contract = Contract.declare(
        name="consent",
        summary="Records which of the permissions asked for a person granted.",
        effect="transactional",
        types={
            "permission": {
                "name": "id",
                "title": "string",
                "description": {"type": "string", "optional": True},
                "required": {"type": "boolean", "default": False},
            }
        },
        inputs={
            "subject": "id",
            "requester": "string",
            "asked": "list of permission",
            "granted": "list of id",
            "shown": "string",
        },
        outcomes={"recorded": {"granted": "list of string"}, "nothing_left": {}},
        establishes={"recorded": {"granted": "consent"}},
        requires={"subject": "authentication", "granted": "answer"},
        faults={
            "not_asked": "something was granted that nobody asked for",
            "required_missing": "something that cannot be taken out is missing",
        },
    )

    def __init__(self, *, ledger: ConsentLedger) -> None:
        self._ledger = ledger

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done:
        """Record the decision; ``nothing_left`` where permissions were asked for and none was granted."""
        asked: Sequence[Mapping[str, Any]] = inputs["asked"]
        granted = judge(asked, inputs["granted"])
        if asked and not granted:
            return Done("nothing_left")
        decision = Decision(
            subject=inputs["subject"],
            requester=inputs["requester"],
            asked=tuple(permission["name"] for permission in asked),
            granted=granted,
            shown=inputs["shown"],
        )
        self._ledger.record(unit, context, decision)
        return Done("recorded", {"granted": list(granted)})


def judge(asked: Sequence[Mapping[str, Any]], granted: Sequence[str]) -> tuple[str, ...]:
    """Return *granted* in the order of *asked*, each once; Refused where the two do not fit.

    >>> judge([{"name": "a", "required": True}, {"name": "b"}, {"name": "c"}], ["c", "a", "c"])
    ('a', 'c')
    """
    chosen = set(granted)
    if chosen - {permission["name"] for permission in asked}:
        raise Refused("not_asked", "expected only what was asked for, found more: nothing was recorded")
    # Nothing at all is a clear answer; a part without what is required is not one that a prompt lets through.
    if chosen and any(permission.get("required", False) and permission["name"] not in chosen for permission in asked):
        raise Refused("required_missing", "expected every required permission among the granted ones")
    return tuple(permission["name"] for permission in asked if permission["name"] in chosen)
