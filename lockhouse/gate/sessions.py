"""Browser sessions and the login attempts they hold: rows and statements, each function one unit's work.

A session is rotated in two steps, so that a lost answer does not lose a person's approval: the new session names the
one it `replaces`; both work until the new cookie is first seen (then the old session ends at once), or until
`GRACE` has passed (then the old one counts as gone).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update

from engine.storage import Keyring, Place, Unit, insert_or_ignore, to_micros
from lockhouse.tables import session_attempts, sessions

__all__ = [
    "Attempt",
    "Found",
    "Session",
    "SessionSeal",
    "adopt",
    "end_session",
    "find",
    "join_attempt",
    "open_session",
    "remember_attempt",
    "rotate",
]

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
GRACE = timedelta(seconds=60)

_SESSION = select(sessions).where(sessions.c.id_hash == bindparam("session"))
_SUCCESSOR = select(sessions.c.created_at).where(sessions.c.replaces == bindparam("session"))
_ATTEMPT = select(session_attempts).where(
    session_attempts.c.session_hash == bindparam("session"), session_attempts.c.link_hash == bindparam("link")
)
_OPEN = insert_or_ignore(sessions)
_TOUCH = update(sessions).where(sessions.c.id_hash == bindparam("session")).values(seen_at=bindparam("at"))
_FORGET_IDLE = delete(sessions).where(sessions.c.seen_at < bindparam("before"))
_FORGET_OLD_ATTEMPTS = delete(session_attempts).where(session_attempts.c.opened_at < bindparam("before"))
_ADD_ATTEMPT = insert_or_ignore(session_attempts)
_DROP_ATTEMPT = delete(session_attempts).where(
    session_attempts.c.session_hash == bindparam("session"),
    session_attempts.c.link_hash == bindparam("link"),
    session_attempts.c.execution == bindparam("ended"),
)
_JOIN = (
    update(session_attempts)
    .where(session_attempts.c.session_hash == bindparam("session"), session_attempts.c.link_hash == bindparam("link"))
    .values(execution=bindparam("joined"))
)
_MOVE_ATTEMPTS = (
    update(session_attempts)
    .where(session_attempts.c.session_hash == bindparam("old"))
    .values(session_hash=bindparam("new"))
)
_SIGNED_IN = (
    update(session_attempts)
    .where(session_attempts.c.session_hash == bindparam("session"), session_attempts.c.link_hash == bindparam("link"))
    .values(signed_in_at=bindparam("at"))
)
_END = delete(sessions).where(sessions.c.id_hash == bindparam("session"))
_END_SUCCESSORS = delete(sessions).where(sessions.c.replaces == bindparam("session"))
_END_ATTEMPTS = delete(session_attempts).where(session_attempts.c.session_hash == bindparam("session"))
_SETTLE = (
    update(sessions)
    .where(sessions.c.id_hash == bindparam("new"), sessions.c.replaces == bindparam("old"))
    .values(replaces=None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser's session as it is stored. `replaces` is the session that this one takes over from."""

    id_hash: bytes
    subject: bytes | None
    replaces: bytes | None
    superseded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One login attempt of a browser: the execution that it may see and answer."""

    execution: str
    signed_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a cookie and a link lead to."""

    session: Session | None = None
    attempt: Attempt | None = None


class SessionSeal:
    """Seals the subject of a session, bound to its row."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, session: bytes, subject: str) -> bytes:
        """Return *subject* as it is stored in the row of *session*."""
        return self._keyring.seal(_place(session), subject.encode())

    def open(self, session: Session | None) -> str | None:
        """Return who signed in in *session*, if anybody did."""
        if session is None or session.subject is None:
            return None
        return self._keyring.open(_place(session.id_hash), session.subject).decode()


def _place(session: bytes) -> Place:
    return Place(table="lockhouse_sessions", column="subject", row=session.hex())


def find(unit: Unit, *, session: bytes, link: bytes, now: datetime) -> Found:
    """Return the living session *session* and its attempt at *link*. Reads only."""
    row = unit.execute(_SESSION, {"session": session}).first()
    if row is None or row.seen_at < to_micros(now - IDLE) or row.created_at < to_micros(now - LONGEST):
        return Found()
    successors = [made.created_at for made in unit.execute(_SUCCESSOR, {"session": session}).all()]
    if any(made < to_micros(now - GRACE) for made in successors):
        return Found()
    held = Session(id_hash=session, subject=row.subject, replaces=row.replaces, superseded=bool(successors))
    kept = [unit.execute(_ATTEMPT, {"session": id_hash, "link": link}).first() for id_hash in (session, row.replaces)]
    attempt = next((one for one in kept if one is not None), None)
    if attempt is None:
        return Found(session=held)
    return Found(session=held, attempt=Attempt(execution=attempt.execution, signed_in=attempt.signed_in_at is not None))


def open_session(unit: Unit, *, session: bytes, now: datetime) -> None:
    """Store *session* if it is new, note that it was seen, and forget sessions and attempts of long ago."""
    at = to_micros(now)
    unit.execute(_OPEN, {"id_hash": session, "created_at": at, "seen_at": at, "subject": None, "replaces": None})
    unit.execute(_TOUCH, {"session": session, "at": at})
    unit.execute(_FORGET_IDLE, {"before": to_micros(now - LONGEST)})
    unit.execute(_FORGET_OLD_ATTEMPTS, {"before": to_micros(now - 2 * LONGEST)})


def remember_attempt(
    unit: Unit, *, session: bytes, link: bytes, execution: str, instead_of: str | None, now: datetime
) -> bool:
    """Store the browser's attempt at *link*; False if it has one already (the same form sent twice).

    *instead_of* names an attempt that is over and makes room.
    """
    unit.execute(_DROP_ATTEMPT, {"session": session, "link": link, "ended": instead_of or ""})
    added = unit.execute(
        _ADD_ATTEMPT,
        {
            "session_hash": session,
            "link_hash": link,
            "execution": execution,
            "opened_at": to_micros(now),
            "signed_in_at": None,
        },
    )
    return added.first() is not None


def join_attempt(unit: Unit, *, session: bytes, link: bytes, execution: str) -> None:
    """Note that the browser's attempt at *link* goes on in *execution*, which had begun before."""
    unit.execute(_JOIN, {"session": session, "link": link, "joined": execution})


def rotate(unit: Unit, *, old: bytes, new: bytes, link: bytes, subject: bytes, now: datetime) -> bool:
    """Let *new* take over from *old*, whose person has just proved who they are; False if *old* is gone."""
    if unit.execute(_SESSION, {"session": old}).first() is None:
        return False
    at = to_micros(now)
    unit.execute(_END_SUCCESSORS, {"session": old})
    unit.execute(_SIGNED_IN, {"session": old, "link": link, "at": at})
    unit.execute(_OPEN, {"id_hash": new, "created_at": at, "seen_at": at, "subject": subject, "replaces": old})
    return True


def adopt(unit: Unit, *, new: bytes, old: bytes) -> None:
    """End *old* now that the cookie of *new* was seen; its attempts go with the new session."""
    if unit.execute(_SETTLE, {"new": new, "old": old}).rowcount:
        unit.execute(_MOVE_ATTEMPTS, {"new": new, "old": old})
        unit.execute(_END, {"session": old})


def end_session(unit: Unit, *, session: bytes) -> None:
    """Forget *session* and what it holds."""
    unit.execute(_END_ATTEMPTS, {"session": session})
    unit.execute(_END_SUCCESSORS, {"session": session})
    unit.execute(_END, {"session": session})
