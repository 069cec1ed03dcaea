"""People's user codes (CIBA Core section 7.1.2); implements the protocol's port `UserCodes`.

A code is kept as argon2id beside the password and is never the password. Wrong ones are counted for each client and
person, so that one client's guesses do not keep the others away; and over all clients, so that many of them are not
many times as fast.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, or_, select, update

from engine.storage import Unit, from_micros, insert_or_ignore, to_micros
from lockhouse.directory.delays import DelayRule
from lockhouse.directory.passwords import Passwords
from lockhouse.directory.persons import Persons
from lockhouse.tables import user_code_tries

__all__ = ["DirectoryUserCodes", "UserCodeTries"]

_ALL_CLIENTS = ""
# So many clients may each be wrong as often as one may.
_CLIENTS = 4
# A try that was wrong so long ago is forgotten.
_FORGOTTEN_AFTER = timedelta(days=1)

_T = user_code_tries.c
_OPEN = insert_or_ignore(user_code_tries)
_SELECT = (
    select(_T.client_id, _T.failures, _T.tried_at, _T.next_try_at)
    .where(_T.subject == bindparam("person"), or_(_T.client_id == bindparam("client"), _T.client_id == _ALL_CLIENTS))
    .with_for_update()
)
_COUNT = (
    update(user_code_tries)
    .where(_T.subject == bindparam("person"), _T.client_id == bindparam("client"))
    .values(failures=bindparam("failed"), tried_at=bindparam("at"), next_try_at=bindparam("next_at"))
)
_CLEAR = delete(user_code_tries).where(_T.subject == bindparam("person"), _T.client_id == bindparam("client"))
_TAKE_BACK = (
    update(user_code_tries)
    .where(_T.subject == bindparam("person"), _T.client_id == _ALL_CLIENTS, _T.failures > 0)
    .values(failures=_T.failures - 1, next_try_at=0)
)
_FORGET = delete(user_code_tries).where(_T.tried_at < bindparam("before"))


class UserCodeTries:
    """The rows of tries. The caller holds the person's lock, so that nobody counts meanwhile."""

    def __init__(self, *, rule: DelayRule) -> None:
        self._one = rule
        self._all = DelayRule(free=rule.free * _CLIENTS, longest=rule.longest)

    def reserve(self, unit: Unit, *, subject: str, client_id: str, now: datetime) -> timedelta | None:
        """Count a try as failed; return how long to wait where it is too early for one, which is not counted."""
        rules = {client_id: self._one, _ALL_CLIENTS: self._all}
        at = to_micros(now)
        for name in rules:
            row = {"subject": subject, "client_id": name, "failures": 0, "tried_at": at, "next_try_at": 0}
            unit.execute(_OPEN, row)
        rows = unit.execute(_SELECT, {"person": subject, "client": client_id}).all()
        waits: list[timedelta] = [from_micros(row.next_try_at) - now for row in rows if row.next_try_at > at]
        if waits:
            return max(waits)
        forgotten = to_micros(now - _FORGOTTEN_AFTER)
        for row in rows:
            failures = 1 + (row.failures if row.tried_at > forgotten else 0)
            next_at = rules[row.client_id].next_try_at(failures, now)
            which = {"person": subject, "client": row.client_id}
            unit.execute(_COUNT, {**which, "failed": failures, "at": at, "next_at": next_at})
        return None

    def succeeded(self, unit: Unit, *, subject: str, client_id: str) -> None:
        """Forget the client's failures; of those of all clients take back this one try."""
        unit.execute(_CLEAR, {"person": subject, "client": client_id})
        unit.execute(_TAKE_BACK, {"person": subject})

    def sweep(self, unit: Unit, *, now: datetime) -> None:
        """Forget tries that would not count any more."""
        unit.execute(_FORGET, {"before": to_micros(now - 2 * _FORGOTTEN_AFTER)})


class DirectoryUserCodes:
    """The directory's user codes. A disabled person has none that counts: the guard has said no before."""

    def __init__(self, *, persons: Persons, tries: UserCodeTries, hashes: Passwords) -> None:
        self._persons, self._tries, self._hashes = persons, tries, hashes

    def kept(self, unit: Unit, subject: str) -> str | None:
        """Return what the person's code is kept as, or None for a person without one and for nobody."""
        person = self._persons.find(unit, subject)
        return None if person is None else person.user_code

    def reserve(self, unit: Unit, *, subject: str, client_id: str, now: datetime) -> timedelta | None:
        """Count a try before it is made; return how long to wait where it is too early for one."""
        return self._tries.reserve(unit, subject=subject, client_id=client_id, now=now)

    def succeeded(self, unit: Unit, *, subject: str, client_id: str) -> None:
        """Take back the counted tries of this client for this person."""
        self._tries.succeeded(unit, subject=subject, client_id=client_id)

    async def matches(self, kept: str | None, code: str) -> bool:
        """Say whether *code* is the one that is *kept*, in the same time where nothing is."""
        return await self._hashes.matches(kept, code)
