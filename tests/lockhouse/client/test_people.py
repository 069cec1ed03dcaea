"""Naming the person otherwise than by a text, and their code."""

from datetime import datetime, timedelta

import pytest

from engine.storage import Database, Unit
from lockhouse.client import ApprovalRequest, Approved, ClientSecretBasic, RequestRefused, UserCodeRefused
from protocols.oauth2 import KeyMaterial, NewClient
from tests.lockhouse.client.kit import QUESTION, make_side
from tests.protocols.world import BANK, NOON, SECRETS, World, make_world

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["async", "sync"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


class OneCode:
    """Everybody's code is the same, and may be tried for ever."""

    def kept(self, unit: Unit, subject: str) -> str | None:
        return "1234"

    def reserve(self, unit: Unit, *, subject: str, client_id: str, now: datetime) -> timedelta | None:
        return None

    def succeeded(self, unit: Unit, *, subject: str, client_id: str) -> None: ...

    async def matches(self, kept: str | None, code: str) -> bool:
        return kept == code


async def test_who_approved_once_can_be_named_by_that(small_world: World, kind: str) -> None:
    side = make_side(small_world, kind)
    first = await side.do("ask", QUESTION)
    await small_world.approve(first.auth_req_id)
    outcome = await side.do("wait", first)
    assert isinstance(outcome, Approved)
    again = await side.do("ask", ApprovalRequest(id_token_hint=outcome.tokens.id_token))

    assert (await small_world.row(again.auth_req_id)).user_id == outcome.subject
    with pytest.raises(RequestRefused, match="invalid_request"):
        await side.do("ask", ApprovalRequest(id_token_hint="no token"))


async def test_a_code_that_is_missing_or_wrong_is_asked_for(
    sqlite_database: Database, key_material: KeyMaterial, kind: str
) -> None:
    codes = NewClient(client_id="codes", secret=SECRETS[BANK], takes_user_code=True)
    async with make_world(sqlite_database, key_material, user_codes=OneCode()) as world:
        await world.database.run(lambda unit: world.records.clients.add(unit, codes, now=NOON))
        side = make_side(world, kind, ClientSecretBasic("codes", SECRETS[BANK]))
        for code, wrong in ((None, "missing_user_code"), ("4321", "invalid_user_code")):
            with pytest.raises(UserCodeRefused, match=wrong) as caught:
                await side.do("ask", ApprovalRequest(login_hint="ann", user_code=code))
            assert "4321" not in str(caught.value)

        assert await side.do("ask", ApprovalRequest(login_hint="ann", user_code="1234"))
