"""1K. The token request of poll and ping clients (CIBA Core section 10.1)."""

import asyncio
import base64
import hashlib

import jwt
import pytest

from protocols.oauth2_ciba.states import State
from tests.protocols.world import BANK, GRANT, ISSUER, SHOP, World, as_error
from tests.spec.parties import approved_tokens, claims_of, header_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

TOKENS = "protocols/oauth2/tokens.py"
EVALUATION = "protocols/oauth2_ciba/evaluation.py"
AUTH_REQ_ID = "urn:openid:params:jwt:claim:auth_req_id"


@requirement(
    53,
    "The client proves itself and sends `auth_req_id`; without it `invalid_request`",
    Mutation("protocols/oauth2/forms.py", 'raise invalid_request(f"{name} is required")', "return name"),
)
async def test_053_an_auth_req_id_is_required(world: World) -> None:
    answer = await world.post("/oauth2/token", {"grant_type": GRANT})
    assert as_error(answer) == (400, "invalid_request")
    form = {"grant_type": GRANT, "auth_req_id": await world.asked()}
    assert as_error(await world.http.post("/oauth2/token", data=form)) == (401, "invalid_client")


@requirement(
    54,
    "An unknown or another client's auth_req_id is `invalid_grant` and changes nothing",
    Mutation(EVALUATION, "if request is None or request.client_id != poll.client_id:", "if request is None:"),
)
async def test_054_another_clients_auth_req_id_is_nobodys(world: World) -> None:
    auth_req_id = await world.approved()
    before = await world.row(auth_req_id)
    assert as_error(await world.poll("unknown")) == (400, "invalid_grant")
    assert as_error(await world.poll(auth_req_id, client=BANK)) == (400, "invalid_grant")
    assert await world.row(auth_req_id) == before


@requirement(
    55,
    "Success has access_token, token_type, expires_in, id_token and the scope, and nobody stores it",
    Mutation(TOKENS, '"token_type": token_type_of(', '"type": token_type_of('),
    Mutation(TOKENS, '"id_token": self.id_token,', '"token": self.id_token,'),
)
async def test_055_success_is_a_token_response(world: World) -> None:
    answer = await world.poll(await world.approved())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "id_token", "scope"}
    assert (body["token_type"], type(body["expires_in"]), body["scope"]) == ("Bearer", int, "openid profile")


@requirement(
    56,
    "After success the auth_req_id is `invalid_grant`; of concurrent polls one gets tokens",
    Mutation("protocols/oauth2_ciba/moves.py", ", _R.status == move.at.value]", "]"),
    Mutation(EVALUATION, 'State.REDEEMED: ("invalid_grant", _GONE)', 'State.REDEEMED: ("expired_token", _GONE)'),
)
async def test_056_one_approval_gives_tokens_once(world: World) -> None:
    auth_req_id = await world.approved()
    answers = await asyncio.gather(*(world.poll(auth_req_id) for _ in range(5)))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {as_error(answer) for answer in answers if answer.status_code != 200} == {(400, "invalid_grant")}
    assert (await world.row(auth_req_id)).status is State.REDEEMED


@requirement(
    57,
    "The ID token has iss, sub, aud, exp, iat, auth_time, amr, acr and a kid; its at_hash is right",
    Mutation(TOKENS, '"aud": approval.client_id,', '"aud": policy.audience,'),
    Mutation(TOKENS, "digest[: len(digest) // 2]", "digest"),
    Mutation(TOKENS, 'known["amr"] = list(methods)', "pass"),
    Mutation("protocols/oauth2/signing_keys.py", 'headers={"kid": self.kid, "typ": typ}', 'headers={"typ": typ}'),
)
async def test_057_the_id_token_says_who_for_whom_and_how(world: World) -> None:
    auth_req_id = await world.approved()
    body = (await world.poll(auth_req_id)).json()
    claims, header = claims_of(body["id_token"]), header_of(body["id_token"])
    keys = jwt.PyJWKSet.from_dict((await world.http.get("/oauth2/jwks")).json())
    jwt.decode(body["id_token"], keys[header["kid"]].key, [header["alg"]], audience=SHOP, options={"verify_iat": False})
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, "sub-ann", SHOP)
    assert claims["exp"] > claims["iat"] == int(world.clock.now().timestamp())
    assert (claims["amr"], claims["acr"], claims["auth_time"]) == (["pwd"], "urn:lockhouse:acr:pwd", claims["iat"])
    assert claims["at_hash"] == half_hash_of(body["access_token"])
    assert claims.get(AUTH_REQ_ID, auth_req_id) == auth_req_id


def half_hash_of(token: str) -> str:
    """Return what at_hash is for RS256, written out once more (OpenID Connect Core section 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).decode().rstrip("=")


@requirement(
    58,
    "`nonce` is no parameter of CIBA: ignored, and not in the ID token",
    Mutation(TOKENS, '"aud": approval.client_id,', '"aud": approval.client_id, "nonce": "n",'),
)
async def test_058_a_nonce_is_ignored(world: World) -> None:
    assert "nonce" not in claims_of((await approved_tokens(world, nonce="n-0S6_WzA2Mj"))["id_token"])
