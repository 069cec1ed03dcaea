"""How many requests are too many. Rows are counted under a lock, so the numbers hold over processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, func, select

from engine.storage import Unit, from_micros, to_micros
from protocols.oauth2 import OAuthError
from protocols.oauth2_ciba.settings import Limits
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.tables import REQUESTS

# A request that is older does not count as pending, however long it may live.
PENDING_WINDOW = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many requests there are, and when the first of them stops to count."""

    pending: int
    recent: int
    pending_until: datetime | None
    recent_until: datetime | None


_R = REQUESTS.c
_NOW = bindparam("at_now", type_=BigInteger)
_MINUTE_AGO = bindparam("minute_ago", type_=BigInteger)
_WINDOW_AGO = bindparam("window_ago", type_=BigInteger)
_PENDING = (_R.status == State.PENDING.value) & (_R.expires_at > _NOW)
_RECENT = _R.created_at > _MINUTE_AGO


def _counted(pending: ColumnElement[bool], recent: ColumnElement[bool]) -> tuple[ColumnElement[Any], ...]:
    return (
        func.count(case((pending, 1))),
        func.count(case((recent, 1))),
        func.min(case((pending, _R.expires_at))),
        func.min(case((pending, _R.created_at))),
        func.min(case((recent, _R.created_at))),
    )


_MINE = _R.client_id == bindparam("client")
_IN_ONE = len(_counted(_PENDING, _RECENT))
# The pair's and the person's, in one look at the person's requests.
_OF_PERSON = select(*_counted(_PENDING & _MINE, _RECENT & _MINE), *_counted(_PENDING, _RECENT)).where(
    _R.user_id == bindparam("person"), _R.created_at > _WINDOW_AGO
)
_OF_CLIENT = select(func.count()).select_from(
    select(_R.request_id)
    .where(
        _R.client_id == bindparam("client"),
        _R.status == State.PENDING.value,
        _R.created_at > _WINDOW_AGO,
        _R.expires_at > _NOW,
    )
    .limit(bindparam("most"))
    .subquery()
)


def lock_person(unit: Unit, subject: str) -> None:
    """Let no other unit count, block or add requests of *subject* until this one ends."""
    unit.lock("ciba.person", subject)


def check_client(unit: Unit, client_id: str, limits: Limits, *, now: datetime) -> None:
    """Raise where *client_id*, whose row the caller holds locked, has as many pending requests as it may."""
    params = _moments(now) | {"client": client_id, "most": limits.client_pending}
    del params["minute_ago"]
    if (unit.execute(_OF_CLIENT, params).scalar() or 0) >= limits.client_pending:
        raise refusal(f"this client has {limits.client_pending} requests pending", retry_after=MINUTE)


def check_person(unit: Unit, client_id: str, subject: str, limits: Limits, *, now: datetime) -> None:
    """Raise where the pair, or *subject* over all clients, has too many. The caller holds the person's lock."""
    row = unit.execute(_OF_PERSON, _moments(now) | {"person": subject, "client": client_id}).one()
    if error := judge(_counts(row[:_IN_ONE]), _counts(row[_IN_ONE:]), limits, now):
        raise error


def judge(pair: Counts, person: Counts, limits: Limits, now: datetime) -> OAuthError | None:
    """Return the refusal that these counts earn. A limit is named only if this client alone caused it."""
    if pair.pending >= limits.pair_pending:
        named = f"{limits.pair_pending} requests of this client are pending for this person"
        return refusal(named, retry_after=_wait(pair.pending_until, now))
    if pair.recent >= limits.pair_minute:
        named = f"this client may ask this person {limits.pair_minute} times a minute"
        return refusal(named, retry_after=_wait(pair.recent_until, now))
    if person.pending >= limits.person_pending:
        return refusal("", retry_after=_wait(person.pending_until, now))
    if person.recent >= limits.person_minute:
        return refusal("", retry_after=_wait(person.recent_until, now))
    return None


def refusal(named: str, *, retry_after: timedelta) -> OAuthError:
    """Return the 403 of CIBA Core section 13: refused before the person was asked anything."""
    seconds = max(1, -(-retry_after // timedelta(seconds=1)))
    description = f"{named}, try again later" if named else "the request cannot be taken now, try again later"
    return OAuthError("access_denied", description, status=403, headers={"Retry-After": str(seconds)})


def _moments(now: datetime) -> dict[str, object]:
    return {
        "at_now": to_micros(now),
        "minute_ago": to_micros(now - MINUTE),
        "window_ago": to_micros(now - PENDING_WINDOW),
    }


def _counts(row: tuple[int, int, int | None, int | None, int | None]) -> Counts:
    pending, recent, first_expiry, oldest_pending, oldest_recent = row
    ends = (from_micros(first_expiry), _after(from_micros(oldest_pending), PENDING_WINDOW))
    return Counts(
        pending=pending,
        recent=recent,
        pending_until=min((end for end in ends if end is not None), default=None),
        recent_until=_after(from_micros(oldest_recent), MINUTE),
    )


def _after(moment: datetime | None, span: timedelta) -> datetime | None:
    return None if moment is None else moment + span


def _wait(until: datetime | None, now: datetime) -> timedelta:
    return MINUTE if until is None else until - now
