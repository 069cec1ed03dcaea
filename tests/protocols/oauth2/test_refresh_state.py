"""Refresh tokens that are asked about and given back, and what happens in the middle of a refresh (121 to 126)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from protocols.oauth2 import OAuthError, RefreshGrant, SigningKeys, TokenRequest, parse_form, presented
from protocols.oauth2_ciba.guard import block
from tests.protocols.changed import REFRESHING, change, given, introspection, userinfo
from tests.protocols.world import BANK, ISSUER, KEYRING, NOON, SECRETS, SHOP, World, as_error

pytestmark = pytest.mark.anyio

INACTIVE = {"active": False}


async def tokens(world: World, **columns: Any) -> dict[str, Any]:
    await change(world, **REFRESHING, **columns)
    return await given(world, scope="openid profile offline_access")


async def refresh(world: World, token: str) -> Any:
    return await world.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token})


async def revoke(world: World, token: str, *, client: str = SHOP) -> Any:
    return await world.post("/oauth2/revoke", {"token": token, "token_type_hint": "access_token"}, client=client)


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_with_a_refresh_token_all_its_access_tokens_go(world: World, token_format: str) -> None:
    """Requirement 123; the hint is only one, and a wrong one finds the token all the same (RFC 7009 section 2.1)."""
    first = await tokens(world, token_format=token_format)
    again = (await refresh(world, first["refresh_token"])).json()
    other = await given(world)
    assert (await revoke(world, first["refresh_token"])).status_code == 200
    for access in (first["access_token"], again["access_token"]):
        assert await introspection(world, access) == INACTIVE
        assert as_error(await userinfo(world, access)) == (401, "invalid_token")
    assert as_error(await refresh(world, first["refresh_token"])) == (400, "invalid_grant")
    assert (await userinfo(world, other["access_token"])).status_code == 200


async def test_a_token_that_was_rotated_away_takes_its_successor_with_it(world: World) -> None:
    first = await tokens(world, rotates_refresh=1)
    successor = (await refresh(world, first["refresh_token"])).json()["refresh_token"]
    assert (await revoke(world, first["refresh_token"])).status_code == 200
    assert as_error(await refresh(world, successor)) == (400, "invalid_grant")


async def test_nobody_revokes_the_refresh_token_of_another(world: World) -> None:
    """Requirement 121."""
    first = await tokens(world)
    assert as_error(await revoke(world, first["refresh_token"], client=BANK)) == (400, "invalid_grant")
    assert (await refresh(world, first["refresh_token"])).status_code == 200


async def test_an_access_token_is_revoked_alone(world: World) -> None:
    first = await tokens(world)
    assert (await revoke(world, first["access_token"])).status_code == 200
    assert await introspection(world, first["access_token"]) == INACTIVE
    assert (await refresh(world, first["refresh_token"])).status_code == 200


async def test_a_client_learns_what_its_refresh_token_is_worth(world: World) -> None:
    first = await tokens(world)
    told = await introspection(world, first["refresh_token"])
    assert told == {
        "active": True,
        "iss": ISSUER,
        "client_id": SHOP,
        "sub": "sub-ann",
        "scope": "openid profile offline_access",
        "exp": int((NOON + timedelta(days=30)).timestamp()),
        "auth_time": int(NOON.timestamp()),
        "amr": ["pwd"],
        "acr": "urn:lockhouse:acr:pwd",
    }
    world.clock.forward(timedelta(days=30).total_seconds())
    assert await introspection(world, first["refresh_token"]) == INACTIVE


async def test_to_an_api_a_refresh_token_is_nothing(world: World) -> None:
    """Requirements 125 and 126: it must not be taken for an access token."""
    first = await tokens(world)
    await change(world, BANK, resource=ISSUER)
    assert (await introspection(world, first["access_token"], client=BANK))["active"] is True
    assert await introspection(world, first["refresh_token"], client=BANK) == INACTIVE


async def test_asking_about_a_refresh_token_asks_the_guard_and_ends_nothing(world: World) -> None:
    first = await tokens(world)
    world.people.disabled.add("sub-ann")
    assert await introspection(world, first["refresh_token"]) == INACTIVE
    world.people.disabled.clear()
    assert (await refresh(world, first["refresh_token"])).status_code == 200


class Interrupted:
    """Signing keys that have something happen when they are asked for: between the judgement and the commit."""

    def __init__(self, world: World, cause: str, token: str) -> None:
        self._world, self._cause, self._token = world, cause, token
        self.keys: SigningKeys = world.signing_keys

    async def current(self, now: datetime, algorithm: str | None = None) -> Any:
        match self._cause:
            case "disabled":
                self._world.people.disabled.add("sub-ann")
            case "blocked":
                await self._world.database.run(lambda unit: block(unit, SHOP, "sub-ann", reason="not_me", now=now))
            case _:
                await revoke(self._world, self._token)
        return await self.keys.current(now, algorithm)


@pytest.mark.parametrize("cause", ["disabled", "blocked", "revoked"])
async def test_what_happens_in_the_middle_of_a_refresh_counts(world: World, cause: str) -> None:
    """The guard is asked inside the transaction that stores the tokens, and not only before."""
    first = await tokens(world)
    token = first["refresh_token"]
    keys: Any = Interrupted(world, cause, token)
    grant = RefreshGrant(
        database=world.database,
        keyring=KEYRING,
        clients=world.records.clients,
        guard=world.records.guard,
        signing_keys=keys,
        policy=world.settings.token_policy(),
    )
    body = f"grant_type=refresh_token&refresh_token={token}&client_id={SHOP}&client_secret={SECRETS[SHOP]}"
    form = parse_form(body.encode())
    asked = TokenRequest(form=form, shown=presented(form, (), issuer=ISSUER), now=NOON)
    with pytest.raises(OAuthError) as gone:
        await grant.answer(asked)
    assert gone.value.error == "invalid_grant"
    world.people.disabled.clear()
    await world.database.run(lambda unit: world.records.lift_block(unit, client_id=SHOP, subject="sub-ann"))
    assert as_error(await refresh(world, token)) == (400, "invalid_grant")
