"""Counts password tries before they are made; ciba.md "Lifetimes, limits, fatigue".

A try is reserved by conditional statements in one unit, keyed by the engine's task key: the same task asked again
after a crash is the same try. So many tries per request, however parallel; and per person, over all requests, a
wait that grows with failures in a row. A reserved try counts as failed until it is known to have succeeded.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update

from engine.storage import Unit, from_micros, insert_or_ignore, to_micros
from lockhouse.directory.delays import DelayRule
from lockhouse.tables import attempt_counts, attempts, persons

__all__ = ["Attempts", "Claimed", "OutOfTries", "Wait"]

_KNOWN = select(attempts.c.subject).where(attempts.c.key == bindparam("key"))
_RESERVE = insert_or_ignore(attempts)
_OPEN_COUNT = insert_or_ignore(attempt_counts)
_COUNT = (
    update(attempt_counts)
    .where(attempt_counts.c.correlation == bindparam("which"), attempt_counts.c.used < bindparam("most"))
    .values(used=attempt_counts.c.used + 1)
    .returning(attempt_counts.c.used)
)
_USED = select(attempt_counts.c.used).where(attempt_counts.c.correlation == bindparam("correlation"))
_LOCK_PERSON = (
    select(persons.c.failures, persons.c.next_try_at, persons.c.password, persons.c.status)
    .where(persons.c.subject == bindparam("subject"))
    .with_for_update()
)
_PASSWORD = select(persons.c.password, persons.c.status).where(persons.c.subject == bindparam("subject"))
_SLOW_DOWN = (
    update(persons)
    .where(persons.c.subject == bindparam("which"))
    .values(failures=bindparam("failed"), next_try_at=bindparam("next_at"))
)
_RENEW = (
    update(persons)
    .where(persons.c.subject == bindparam("which"), persons.c.password == bindparam("kept"))
    .values(password=bindparam("renewed"))
)
_FORGET = delete(attempts).where(attempts.c.reserved_at < bindparam("before"))
_FORGET_COUNTS = delete(attempt_counts).where(attempt_counts.c.opened_at < bindparam("before"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The try may be made, against *kept* (None: nobody, or no password)."""

    kept: str | None

    def __repr__(self) -> str:
        return "Claimed(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not yet: the person's tries are slowed down until *wait* has passed."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class OutOfTries:
    """This request has had all its tries."""


class Attempts:
    """The rows of tries. Every method runs inside the caller's unit."""

    def __init__(self, *, most: int, rule: DelayRule) -> None:
        self._most = most
        self._rule = rule

    def reserve(
        self, unit: Unit, *, key: str, correlation: str, subject: str, now: datetime
    ) -> Claimed | Wait | OutOfTries:
        """Reserve the try *key*, or repeat what was decided for it. A try that must wait is not counted."""
        if unit.execute(_KNOWN, {"key": key}).first() is not None:
            return Claimed(kept=self._password(unit, subject))
        # The person's row is locked first: tries over several requests queue here and see each other.
        person = unit.execute(_LOCK_PERSON, {"subject": subject}).first()
        if person is not None and person.next_try_at > to_micros(now):
            return Wait(wait=from_micros(person.next_try_at) - now)
        unit.execute(_OPEN_COUNT, {"correlation": correlation, "used": 0, "opened_at": to_micros(now)})
        counted = unit.execute(_COUNT, {"which": correlation, "most": self._most}).first()
        if counted is None:
            return OutOfTries()
        stored = {"key": key, "correlation": correlation, "subject": subject, "number": counted.used}
        unit.execute(_RESERVE, {**stored, "reserved_at": to_micros(now)})
        if person is None:
            return Claimed(kept=None)
        failures = person.failures + 1
        next_at = self._rule.next_try_at(failures, now)
        unit.execute(_SLOW_DOWN, {"which": subject, "failed": failures, "next_at": next_at})
        return Claimed(kept=person.password if person.status == "enabled" else None)

    def left(self, unit: Unit, correlation: str) -> int:
        """Return how many tries the request still has."""
        used = unit.execute(_USED, {"correlation": correlation}).scalar() or 0
        return max(0, self._most - int(used))

    def succeeded(self, unit: Unit, subject: str) -> None:
        """Forget the failures of *subject*: they knew the password."""
        unit.execute(_SLOW_DOWN, {"which": subject, "failed": 0, "next_at": 0})

    def renew(self, unit: Unit, *, subject: str, kept: str, renewed: str) -> None:
        """Put another hash of the same password in the place of *kept*, unless the password was changed meanwhile."""
        unit.execute(_RENEW, {"which": subject, "kept": kept, "renewed": renewed})

    def sweep(self, unit: Unit, *, now: datetime, keep: timedelta) -> None:
        """Forget tries of requests that are long over."""
        before = {"before": to_micros(now - keep)}
        unit.execute(_FORGET, before)
        unit.execute(_FORGET_COUNTS, before)

    def _password(self, unit: Unit, subject: str) -> str | None:
        person = unit.execute(_PASSWORD, {"subject": subject}).first()
        return person.password if person and person.status == "enabled" else None
