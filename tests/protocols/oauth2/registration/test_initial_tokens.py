"""Initial access tokens: an operator's leave to register (RFC 7591 section 3)."""

import asyncio
from datetime import timedelta

import pytest

from engine.storage import Database
from protocols.oauth2 import InitialTokens, TokenNameTaken, mint_initial_token
from tests.protocols.oauth2.registration.conftest import POLL, TOKEN, Registrar
from tests.protocols.world import NOON, as_error

pytestmark = pytest.mark.anyio

TOKENS = InitialTokens()


async def added(database: Database, *, uses: int | None = 1, life: timedelta | None = None) -> str:
    token = mint_initial_token()

    def add(unit: object) -> None:
        TOKENS.add(unit, name=token[:12], token=token, scopes=("openid",), now=NOON, uses=uses, life=life)  # type: ignore[arg-type] # a unit

    await database.run(add)
    return token


async def test_nobody_registers_without_one(small_registrar: Registrar) -> None:
    for token in (None, "lhi_unknown", TOKEN[:-1]):
        answer = await small_registrar.send(dict(POLL), token=token)
        assert as_error(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_it_is_asked_for_before_the_metadata_is_read(small_registrar: Registrar) -> None:
    assert as_error(await small_registrar.send(["no", "object"], token="lhi_unknown")) == (401, "invalid_token")


async def test_it_is_good_for_so_many_registrations(registrar: Registrar) -> None:
    token = await added(registrar.world.database, uses=2)
    assert (await registrar.send(dict(POLL), token=token)).status_code == 201
    refused = await registrar.send({**POLL, "scope": "profile"}, token=token)
    assert as_error(refused) == (400, "invalid_client_metadata")
    assert (await registrar.send(dict(POLL), token=token)).status_code == 201
    assert as_error(await registrar.send(dict(POLL), token=token)) == (401, "invalid_token")


async def test_it_is_good_for_one_of_several_at_once(registrar: Registrar) -> None:
    token = await added(registrar.world.database)
    answers = await asyncio.gather(*(registrar.send(dict(POLL), token=token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_it_expires(registrar: Registrar) -> None:
    token = await added(registrar.world.database, uses=None, life=timedelta(seconds=60))
    assert (await registrar.send(dict(POLL), token=token)).status_code == 201
    registrar.world.clock.forward(60)
    assert as_error(await registrar.send(dict(POLL), token=token)) == (401, "invalid_token")


async def test_it_says_which_scopes_a_client_may_have(small_registrar: Registrar) -> None:
    token = await added(small_registrar.world.database, uses=None)
    told = await small_registrar.send(dict(POLL), token=token)
    assert told.json()["scope"] == "openid"
    more = await small_registrar.send({**POLL, "scope": "openid profile"}, token=token)
    assert as_error(more) == (400, "invalid_client_metadata")


async def test_there_is_a_limit_to_all_registrations(small_registrar: Registrar) -> None:
    for _ in range(5):
        last = await small_registrar.registered()
    assert as_error(await small_registrar.send(dict(POLL))) == (403, "access_denied")
    assert (await small_registrar.manage("DELETE", last)).status_code == 204
    await small_registrar.registered()


async def test_tokens_are_listed_without_themselves_and_removed(database: Database) -> None:
    token = await added(database, life=timedelta(hours=1))
    (listed,) = await database.run(TOKENS.all)
    assert (listed.scopes, listed.uses_left, listed.created_at) == (("openid",), 1, NOON)
    assert listed.expires_at == NOON + timedelta(hours=1)
    assert token not in repr(listed)
    with pytest.raises(TokenNameTaken, match="remove it first"):
        await database.run(lambda unit: TOKENS.add(unit, name=listed.name, token="other", scopes=("openid",), now=NOON))
    assert await database.run(lambda unit: TOKENS.remove(unit, name=listed.name))
    assert not await database.run(lambda unit: TOKENS.remove(unit, name=listed.name))
    assert await database.run(lambda unit: TOKENS.scopes_of(unit, token, now=NOON)) is None
