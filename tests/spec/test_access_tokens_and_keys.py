"""Access tokens (RFC 9068), userinfo, and the keys that sign."""

import base64
import hashlib

import pytest

from protocols.oauth2 import SchedulePolicy, make_key, rotate_key
from protocols.oauth2.tokens import half_hash
from tests.protocols.world import ISSUER, KEYRING, SHOP, World, as_error
from tests.spec.parties import approved_tokens, claims_of, header_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

TOKENS = "protocols/oauth2/tokens.py"


async def userinfo(world: World, token: str) -> tuple[int, str]:
    answer = await world.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    return (200, "") if answer.status_code == 200 else as_error(answer)


@requirement(
    144,
    "A signed access token has iss, exp, aud, sub, client_id, iat, jti and the type `at+jwt` (RFC 9068 section 2.2)",
    Mutation(TOKENS, 'ACCESS_TOKEN_TYPE = "at+jwt"', 'ACCESS_TOKEN_TYPE = "jwt"'),
    Mutation(TOKENS, '"client_id": approval.client_id,', ""),
)
async def test_144_an_access_token_has_its_claims(world: World) -> None:
    token = (await approved_tokens(world))["access_token"]
    claims = claims_of(token)
    assert header_of(token)["typ"] == "at+jwt"
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(claims)
    assert (claims["iss"], claims["sub"], claims["client_id"]) == (ISSUER, "sub-ann", SHOP)


@requirement(
    145,
    "Without a resource the audience is the deployment's own (RFC 9068 section 3)",
    Mutation(TOKENS, "or (self.policy.audience,)", "or (self.approval.client_id,)"),
)
async def test_145_there_is_a_default_audience(world: World) -> None:
    assert claims_of((await approved_tokens(world))["access_token"])["aud"] == ISSUER


@requirement(
    146,
    "userinfo takes access tokens for us with openid, and nothing else",
    Mutation(
        "protocols/oauth2/access_tokens.py",
        '    if str(header.get("typ")).lower() not in _TYPES:',
        "    if not header:",
    ),
    Mutation("protocols/oauth2/userinfo.py", "if not is_meant_for(live.claims, policy.audience):", "if live is None:"),
)
async def test_146_userinfo_takes_only_its_own_tokens(world: World) -> None:
    tokens = await approved_tokens(world)
    assert await userinfo(world, tokens["access_token"]) == (200, "")
    assert await userinfo(world, tokens["id_token"]) == (401, "invalid_token")
    key = await world.signing_keys.current(world.clock.now())
    claims = claims_of(tokens["access_token"])
    assert await userinfo(world, key.sign(claims, typ="JWT")) == (401, "invalid_token")
    assert await userinfo(world, key.sign({**claims, "aud": "https://api.example"}, typ="at+jwt")) == (
        401,
        "invalid_token",
    )


@requirement(
    152,
    "A key is published a cache time before it signs, and until the last token that it signed has expired",
    Mutation("protocols/oauth2/key_schedule.py", "    active_from = now + policy.cache\n", "    active_from = now\n"),
    Mutation("protocols/oauth2/key_schedule.py", "active_from + policy.longest_token + policy.cache", "active_from"),
)
async def test_152_keys_overlap(world: World) -> None:
    settings, made, now = world.settings, make_key("RS256"), world.clock.now()
    policy = SchedulePolicy(longest_token=settings.access_token_life, every=None)
    before = (await world.signing_keys.current(now)).kid
    await world.database.run(lambda unit: rotate_key(unit, made, keyring=KEYRING, policy=policy, now=now))
    signing, published = [], []
    for minutes in (2, 4, 14, 30):
        world.clock.forward(minutes * 60)
        document = (await world.http.get("/oauth2/jwks")).json()
        published.append({key["kid"] for key in document["keys"]})
        signing.append((await world.signing_keys.current(world.clock.now())).kid)
    assert signing == [before, made.kid, made.kid, made.kid]
    assert published == [{before, made.kid}, {before, made.kid}, {before, made.kid}, {made.kid}]


@requirement(
    153,
    "The JWKS holds no private member",
    Mutation("protocols/oauth2/signing_keys.py", 'return {**members, "kid"', 'return {**public, "d": row.kid, "kid"'),
)
async def test_153_the_jwks_holds_no_private_member(world: World) -> None:
    for key in (await world.http.get("/oauth2/jwks")).json()["keys"]:
        assert set(key) <= {"kty", "n", "e", "crv", "x", "y", "kid", "alg", "use"}


@requirement(
    154,
    "at_hash for Ed25519 is half of a SHA-512",
    Mutation(TOKENS, '{"EdDSA": "sha512",', '{"EdDSA": "sha256",'),
)
async def test_154_at_hash_of_ed25519_is_half_of_sha_512(world: World) -> None:
    token = (await approved_tokens(world))["access_token"]
    half = hashlib.sha512(token.encode()).digest()[:32]
    assert half_hash(token, "EdDSA") == base64.urlsafe_b64encode(half).decode().rstrip("=")
