"""Somebody who has a token from a log, a proxy or a disk, and not the key that it is bound to."""

import pytest

from protocols.oauth2 import REFRESH_GRANT
from tests.abuse.attacks import Who, attack
from tests.protocols.changed import userinfo
from tests.protocols.provers import KEY, OTHER_KEY, fresh, hash_of, prove
from tests.protocols.world import GRANT, ISSUER, World, as_error
from tests.spec.parties import OFFLINE
from tests.spec.suite_clients import AUTHS, SuitePair, told

pytestmark = pytest.mark.anyio

THIEF: Who = "a thief of tokens"
URL = f"{ISSUER}/oauth2/userinfo"


@attack(
    THIEF,
    "uses an access token that is bound to a certificate over a connection of their own, or none",
    "a resource compares the token with the connection's certificate",
)
async def test_a_stolen_token_needs_its_connection(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        owner, thief = suite[auth].first, suite[auth].second
        token = (await owner.tokens())["access_token"]
        assert (await owner.resource(token)).status_code == 200
        assert as_error(await thief.resource(token)) == (401, "invalid_token")
        assert as_error(await userinfo(owner.world, token)) == (401, "invalid_token")


@attack(
    THIEF,
    "uses an access token that is bound to a key: as Bearer, with a key of their own, or with a proof that they saw",
    "a resource wants a fresh proof by the token's key, for this token and this request",
)
async def test_a_stolen_token_needs_its_key(world: World) -> None:
    token = str((await prove(world, await world.approved(), fresh(world))).json()["access_token"])
    claims = {"htm": "GET", "htu": URL, "ath": hash_of(token)}
    seen = fresh(world, KEY, **claims)

    async def used(proof: str | None, scheme: str = "DPoP") -> int:
        headers = {"Authorization": f"{scheme} {token}", **({} if proof is None else {"DPoP": proof})}
        return (await world.http.get("/oauth2/userinfo", headers=headers)).status_code

    assert await used(seen) == 200
    stolen = (
        await used(None, "Bearer"),
        await used(None),
        await used(seen),
        await used(fresh(world, OTHER_KEY, **claims)),
        await used(fresh(world, KEY, **{**claims, "ath": hash_of("another token")})),
        await used(fresh(world, KEY, **{**claims, "htu": f"{ISSUER}/oauth2/token"})),
    )
    assert stolen == (401,) * 6


@attack(
    THIEF,
    "collects a victim's approval with its auth_req_id and its assertion, over a connection of their own",
    "tokens are bound to the certificate that collects them, and an assertion counts once",
)
async def test_a_seen_assertion_collects_nothing(suite: dict[str, SuitePair]) -> None:
    owner, thief = suite["private_key_jwt"].first, suite["private_key_jwt"].second
    auth_req_id = await owner.auth_req_id()
    seen = owner.proof()
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    assert told(await owner.token({**form, **seen})) == (400, "authorization_pending")
    await owner.world.approve(auth_req_id)
    answer = await thief.world.http.post("/oauth2/token", data={**form, **seen}, headers=dict(thief.connection))
    assert told(answer) == (401, "invalid_client")
    assert (await owner.poll(auth_req_id)).status_code == 200


@attack(
    THIEF,
    "redeems once more what its owner has redeemed, with a key of their own",
    "it is no retry: the grant ends at once, with all that it gave",
)
async def test_a_second_redemption_with_another_key_ends_the_grant(world: World) -> None:
    auth_req_id = await world.approved()
    token = (await prove(world, auth_req_id, fresh(world))).json()["access_token"]
    assert as_error(await prove(world, auth_req_id, fresh(world, OTHER_KEY))) == (400, "invalid_grant")
    shown = fresh(world, KEY, htm="GET", htu=URL, ath=hash_of(token))
    headers = {"Authorization": f"DPoP {token}", "DPoP": shown}
    assert as_error(await world.http.get("/oauth2/userinfo", headers=headers)) == (401, "invalid_token")


@attack(
    THIEF,
    "uses a refresh token as another client, or as its own without its certificate",
    "a refresh token is its client's, and what it gives is bound again",
)
async def test_a_stolen_refresh_token_needs_its_client(suite: dict[str, SuitePair]) -> None:
    for auth, refused in (("private_key_jwt", (400, "invalid_request")), ("mtls", (401, "invalid_client"))):
        owner, thief = suite[auth].first, suite[auth].second
        tokens = await owner.tokens(scope=OFFLINE)
        form = {"grant_type": REFRESH_GRANT, "refresh_token": tokens["refresh_token"]}
        assert told(await thief.token(form)) == (400, "invalid_grant")
        assert told(await owner.world.http.post("/oauth2/token", data={**form, **owner.proof()})) == refused
        assert told(await owner.token(form)) == (200, "")
