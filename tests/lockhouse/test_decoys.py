"""People who cannot be asked are answered for like those who can: by the same statements, in the same shape."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.storage import TableOwner
from protocols.oauth2_ciba.tables import AUDIT, REQUESTS
from tests.lockhouse.desk import Desk, desk

pytestmark = pytest.mark.anyio
# Whom a client may mean, and why each but the first cannot be asked.
HINTS = {
    "known": "ann",
    "unknown": "nobody@example.org",
    "unknown name": "nobody",
    "disabled": "dis",
    "blocked": "bea",
    "without a channel": "cut",
    "ambiguous": "family@example.org",
}


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    """The server makes its tables itself."""
    return ()


def as_if_known(
    folder: Path, *, pending: int = 9, work: bool = False, url: str | None = None, composition: str = "two_flows"
) -> AbstractAsyncContextManager[Desk]:
    environ = {
        "LOCKHOUSE_CIBA__ANSWER_AS_IF_KNOWN": "true",
        "LOCKHOUSE_CIBA__COMPOSITION": composition,
        "LOCKHOUSE_CIBA__LIMITS__PAIR_PENDING": str(pending),
        "LOCKHOUSE_CIBA__LIMITS__PERSON_PENDING": str(pending),
    }
    return desk(folder, environ, work=work, url=url)


async def test_everybody_is_answered_by_the_same_statements_in_the_same_shape(
    tmp_path: Path, new_url: Callable[[], str]
) -> None:
    async with as_if_known(tmp_path, url=new_url()) as it:
        await it.ask("ann")  # what only the first request asks for
        expected = await it.asked_with("ann")
        assert sum(map(len, expected)) > 10, "statements are noted"
        for why, hint in HINTS.items():
            assert (await it.asked_with(hint)) == expected, why
        answers = {why: await it.ask(hint) for why, hint in HINTS.items()}
        shapes = {(a.status_code, *a.json(), a.json()["expires_in"], len(a.content)) for a in answers.values()}
        assert len(shapes) == 1
        for answer in answers.values():
            assert (await it.poll(answer.json()["auth_req_id"])).json()["error"] == "authorization_pending"


async def test_a_user_code_costs_everybody_the_same_and_has_no_effect_on_decoys(
    tmp_path: Path, new_url: Callable[[], str]
) -> None:
    async with as_if_known(tmp_path, url=new_url()) as it:
        await it.ask("ann", user_code="1")
        expected = await it.asked_with("ann", user_code="2")
        for why, hint in HINTS.items():
            assert (await it.asked_with(hint, user_code="3")) == expected, why
            assert (await it.ask(hint, user_code="4")).status_code == 200, why
        # Who has a code is the one thing that a client registered for codes learns.
        assert (await it.ask("fay")).json()["error"] == "missing_user_code"
        assert (await it.ask("fay", user_code="0000")).json()["error"] == "invalid_user_code"
        assert (await it.ask("fay", user_code="1234")).status_code == 200


async def test_limits_hold_for_decoys_however_they_are_written(tmp_path: Path) -> None:
    async with as_if_known(tmp_path, pending=3) as it:
        for hint in ("nobody@example.org", "Nobody@Example.ORG", "email:nobody@example.org"):
            assert (await it.ask(hint)).status_code == 200
        refused = await it.ask("nobody@example.org")
        assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
        for _ in range(3):
            await it.ask("ann")
        known = await it.ask("ann")
        assert (known.content, known.status_code) == (refused.content, refused.status_code)
        assert (await it.ask("dis")).status_code == 200


@pytest.mark.parametrize("composition", ["two_flows", "one_flow"])
async def test_a_decoys_message_is_queued_and_goes_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, composition: str
) -> None:
    caplog.set_level("INFO")
    async with as_if_known(tmp_path, work=True, composition=composition) as it:
        decoy = (await it.ask("nobody@example.org")).json()["auth_req_id"]
        await it.ask("ann")
        async with asyncio.timeout(20):
            while not list(it.mails.glob("*.eml")):  # noqa: ASYNC110 - a file tells nobody that it came
                await asyncio.sleep(0.01)
        assert (await it.poll(decoy)).json()["error"] == "authorization_pending"
        assert all("nowhere.invalid" not in mail.read_text() for mail in it.mails.glob("*.eml"))
        rows = await it.database.read(lambda unit: unit.execute(select(REQUESTS.c.user_id, REQUESTS.c.decoy)).all())
        assert sorted((row.user_id[:6], row.decoy) for row in rows) == [("decoy:", 1), ("subjec", 0)]
        told = select(AUDIT.c.reason).where(AUDIT.c.event == "asked", AUDIT.c.reason != "")
        assert await it.database.read(lambda unit: unit.execute(told).scalars()) == ["decoy: the hint means nobody"]
        remarks = [record.__dict__["reason"] for record in caplog.records if record.message == "request_remarked"]
        assert remarks == ["decoy: the hint means nobody"]
