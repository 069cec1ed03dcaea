"""User codes: demanded where a person has one, guessed slowly, of no use to those who are not registered for them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from engine.storage import TableOwner
from lockhouse.directory.delays import DelayRule
from lockhouse.directory.user_codes import UserCodeTries
from lockhouse.tables import persons, user_code_tries
from tests.lockhouse.desk import CODE, Desk, desk

pytestmark = pytest.mark.anyio


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    """The server makes its tables itself."""
    return ()


def error(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


async def test_a_person_who_has_a_code_is_reached_with_it_alone(tmp_path: Path) -> None:
    """Requirement 45."""
    async with desk(tmp_path) as it:
        assert error(await it.ask("fay")) == (400, "missing_user_code")
        assert error(await it.ask("fay", user_code="12345")) == (400, "invalid_user_code")
        assert error(await it.ask("fay", user_code="x" * 5000)) == (400, "invalid_user_code")
        assert error(await it.ask("fay", user_code=CODE)) == (200, "")
        kept = await it.database.read(lambda unit: unit.execute(select(persons.c.user_code)).scalars())
        assert [code[:9] for code in kept if code] == ["$argon2id"]


async def test_a_code_is_of_no_effect_where_person_or_client_have_none(tmp_path: Path) -> None:
    """Requirements 44 and 45."""
    async with desk(tmp_path) as it:
        assert error(await it.ask("ann", user_code="anything")) == (200, "")
        assert error(await it.ask("fay", client="plain")) == (200, "")
        assert error(await it.ask("fay", client="plain", user_code="wrong")) == (200, "")


async def tries(it: Desk) -> dict[str, int]:
    rows = await it.database.read(lambda unit: unit.execute(select(user_code_tries)).all())
    return {row.client_id: row.failures for row in rows}


async def guess(it: Desk, number: int, *, client: str = "shop") -> httpx2.Response:
    for _ in range(number):
        answer = await it.ask("fay", client=client, user_code="0000")
    return answer


async def test_wrong_codes_make_their_client_wait_and_no_other(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        assert error(await guess(it, 6)) == (400, "invalid_user_code")
        refused = await it.ask("fay", user_code=CODE)
        assert error(refused) == (403, "access_denied")
        assert refused.headers["retry-after"] == "1"
        assert await tries(it) == {"shop": 6, "": 6}, "a try that came too early is not counted"
        assert error(await it.ask("fay", client="bank", user_code=CODE)) == (200, "")
        it.clock.forward(2)
        assert error(await it.ask("fay", user_code=CODE)) == (200, "")
        assert await tries(it) == {"": 6}


async def test_many_clients_are_not_many_times_as_fast(tmp_path: Path) -> None:
    environ = {"LOCKHOUSE_CIBA__USER_CODE__FREE_FAILURES": "1", "LOCKHOUSE_CIBA__USER_CODE__MAX_DELAY": "60"}
    async with desk(tmp_path, environ) as it:
        for client in ("shop", "bank"):
            await guess(it, 2, client=client)
        it.clock.forward(3)
        await guess(it, 1)
        it.clock.forward(3)
        await guess(it, 1, client="bank")
        assert await tries(it) == {"shop": 3, "bank": 3, "": 6}
        it.clock.forward(90_000)
        await guess(it, 1)
        assert await tries(it) == {"shop": 1, "bank": 3, "": 1}, "a day later nobody remembers"


async def test_a_guess_that_came_first_and_is_counted_last_need_not_wait(tmp_path: Path) -> None:
    rule = DelayRule(free=2, longest=timedelta(minutes=5))
    counting, now = UserCodeTries(rule=rule), datetime(2030, 1, 1, tzinfo=UTC)
    moments = [now, *[now - timedelta(milliseconds=5)] * 3]
    async with desk(tmp_path) as it:
        fay = {"subject": "subject-of-fay", "client_id": "shop"}
        waits = await it.database.run(lambda unit: [counting.reserve(unit, **fay, now=moment) for moment in moments])
    assert waits == [None, None, None, timedelta(seconds=1)]


async def test_guesses_at_the_same_time_are_counted_one_by_one(tmp_path: Path, new_url: Callable[[], str]) -> None:
    async with desk(tmp_path, url=new_url()) as it:
        answers = await asyncio.gather(*(it.ask("fay", user_code="0000") for _ in range(12)))
        found = sorted(error(answer) for answer in answers)
        assert found.count((400, "invalid_user_code")) == 6
        assert found.count((403, "access_denied")) == 6


async def test_a_wrong_code_stores_no_request_and_uses_no_idempotency_key(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        headers = {"Idempotency-Key": "k"}
        form = {"scope": "openid", "login_hint": "fay", "user_code": "0000"}
        for _ in range(2):
            answer = await it.http.post("/oauth2/bc-authorize", data=form, auth=("shop", "secret"), headers=headers)
            assert error(answer) == (400, "invalid_user_code")
