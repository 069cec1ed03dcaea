"""Sessions and attempts in rows, on both databases: found by hash, rotated without losing anybody, forgotten."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.storage import Database, Keyring, SealBroken, Unit
from lockhouse.gate.sessions import (
    Attempt,
    Found,
    Session,
    SessionSeal,
    adopt,
    end_session,
    find,
    open_session,
    remember_attempt,
    rotate,
)

pytestmark = pytest.mark.anyio

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OLD, NEW, NEWER, LINK, OTHER_LINK = (bytes([n]) * 32 for n in range(5))
SECOND = timedelta(seconds=1)


async def look(database: Database, session: bytes, *, link: bytes = LINK, now: datetime = NOON) -> Found:
    return await database.read(lambda unit: find(unit, session=session, link=link, now=now))


async def begin(database: Database, execution: str = "e1", *, instead_of: str | None = None) -> bool:
    def act(unit: Unit) -> bool:
        open_session(unit, session=OLD, now=NOON)
        return remember_attempt(unit, session=OLD, link=LINK, execution=execution, instead_of=instead_of, now=NOON)

    return await database.run(act)


async def turn(database: Database, *, new: bytes = NEW, now: datetime = NOON) -> bool:
    return await database.run(lambda unit: rotate(unit, old=OLD, new=new, link=LINK, subject=b"sealed", now=now))


async def test_a_browser_without_a_stored_session_has_nothing(database: Database) -> None:
    assert await look(database, OLD) == Found()


async def test_an_attempt_is_found_by_its_browser_and_its_link_only(database: Database) -> None:
    assert await begin(database)
    assert (await look(database, OLD)).attempt == Attempt(execution="e1", signed_in=False)
    assert (await look(database, OLD, link=OTHER_LINK)).attempt is None
    assert await look(database, NEW) == Found()


async def test_the_same_form_sent_twice_keeps_the_first_attempt(database: Database) -> None:
    assert await begin(database, "e1")
    assert not await begin(database, "e2")
    assert (await look(database, OLD)).attempt == Attempt(execution="e1", signed_in=False)


async def test_an_attempt_that_is_over_makes_room(database: Database) -> None:
    await begin(database, "e1")
    assert await begin(database, "e2", instead_of="e1")
    assert not await begin(database, "e3", instead_of="e1")
    assert (await look(database, OLD)).attempt == Attempt(execution="e2", signed_in=False)


async def test_rotation_gives_the_attempt_to_the_new_session(database: Database) -> None:
    await begin(database)
    assert await turn(database)
    found = await look(database, NEW)
    assert found.session == Session(id_hash=NEW, subject=b"sealed", replaces=OLD, superseded=False)
    assert found.attempt == Attempt(execution="e1", signed_in=True)


async def test_the_old_cookie_ends_as_soon_as_the_new_one_is_seen(database: Database) -> None:
    await begin(database)
    await turn(database)
    await database.run(lambda unit: adopt(unit, new=NEW, old=OLD))
    assert await look(database, OLD) == Found()
    assert (await look(database, NEW)).attempt == Attempt(execution="e1", signed_in=True)
    assert not await turn(database, new=NEWER)


async def test_an_answer_that_was_lost_does_not_lose_the_person(database: Database) -> None:
    await begin(database)
    await turn(database)
    found = await look(database, OLD, now=NOON + 30 * SECOND)
    assert found.session is not None
    assert found.session.superseded
    assert await turn(database, new=NEWER, now=NOON + 30 * SECOND)
    assert await look(database, NEW, now=NOON + 30 * SECOND) == Found()
    assert (await look(database, NEWER, now=NOON + 30 * SECOND)).attempt == Attempt(execution="e1", signed_in=True)


async def test_the_old_cookie_is_worth_nothing_a_minute_after_rotation(database: Database) -> None:
    await begin(database)
    await turn(database)
    assert await look(database, OLD, now=NOON + 61 * SECOND) == Found()


async def test_idle_and_old_sessions_count_as_gone(database: Database) -> None:
    await begin(database)
    assert (await look(database, OLD, now=NOON + timedelta(minutes=59))).attempt is not None
    assert await look(database, OLD, now=NOON + timedelta(minutes=61)) == Found()


async def test_signing_out_forgets_session_and_attempts(database: Database) -> None:
    await begin(database)
    await turn(database)
    await database.run(lambda unit: end_session(unit, session=OLD))
    assert await look(database, OLD) == Found()
    assert await look(database, NEW) == Found()


async def test_what_is_old_is_removed_when_somebody_comes(database: Database) -> None:
    await begin(database)
    later = NOON + timedelta(days=2)
    await database.run(lambda unit: open_session(unit, session=NEW, now=later))
    assert await look(database, OLD, now=NOON) == Found()


def test_a_subject_opens_in_its_own_session_only() -> None:
    seal = SessionSeal(Keyring({"k1": bytes(32)}, "k1"))
    blob = seal.seal(OLD, "ann")
    assert seal.open(Session(id_hash=OLD, subject=blob, replaces=None, superseded=False)) == "ann"
    assert seal.open(Session(id_hash=OLD, subject=None, replaces=None, superseded=False)) is None
    with pytest.raises(SealBroken):
        seal.open(Session(id_hash=NEW, subject=blob, replaces=None, superseded=False))
