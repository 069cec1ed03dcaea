"""The record of what people agreed to; implements `executors.consent.ConsentLedger`. What was decided is sealed."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from engine import Context
from engine.storage import Keyring, Place, Unit, from_micros, insert_or_ignore, to_micros
from executors.consent import Decision
from lockhouse.tables import consents

__all__ = ["Consents", "KeptDecision"]

_INSERT = insert_or_ignore(consents)
_OF_PERSON = (
    select(consents).where(consents.c.subject == bindparam("subject")).order_by(consents.c.decided_at, consents.c.key)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDecision:
    """One decision as it was recorded."""

    decision: Decision
    correlation: str
    decided_at: datetime


class Consents:
    """The rows of decisions. A task that is recorded again under its key changes nothing."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring

    def record(self, unit: Unit, context: Context, decision: Decision) -> None:
        """Keep *decision* in the transaction that records the task's result."""
        told = {
            "requester": decision.requester,
            "asked": decision.asked,
            "granted": decision.granted,
            "shown": decision.shown,
        }
        row = {
            "key": context.key,
            "subject": decision.subject,
            "correlation": context.correlation,
            "decided_at": to_micros(context.now),
            "decision": self._keyring.seal(_place(context.key), json.dumps(told).encode()),
        }
        unit.execute(_INSERT, row)

    def of_person(self, unit: Unit, subject: str) -> tuple[KeptDecision, ...]:
        """Return every decision of *subject*, oldest first."""
        kept = []
        for row in unit.execute(_OF_PERSON, {"subject": subject}):
            told = json.loads(self._keyring.open(_place(row.key), row.decision))
            decision = Decision(
                subject=row.subject,
                requester=told["requester"],
                asked=tuple(told["asked"]),
                granted=tuple(told["granted"]),
                shown=told["shown"],
            )
            kept.append(
                KeptDecision(decision=decision, correlation=row.correlation, decided_at=from_micros(row.decided_at))
            )
        return tuple(kept)


def _place(key: str) -> Place:
    return Place(table="lockhouse_consents", column="decision", row=key)
