"""A request from beginning to end, through the endpoints."""

import base64

import jwt
import pytest
from jwt.types import Options

from tests.protocols.world import ISSUER, World, as_error

pytestmark = pytest.mark.anyio


async def test_an_approved_request_gives_tokens_once(world: World) -> None:
    """Requirements 47 to 51, 53 to 57, 144, 146."""
    answer = await world.ask(requested_expiry="60")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert {k: v for k, v in answer.json().items() if k != "auth_req_id"} == {"expires_in": 60, "interval": 5}
    auth_req_id = answer.json()["auth_req_id"]
    assert len(base64.urlsafe_b64decode(auth_req_id + "=")) == 32
    assert as_error(await world.poll(auth_req_id)) == (400, "authorization_pending")

    await world.approve(auth_req_id)
    tokens = await world.poll(auth_req_id)
    assert tokens.status_code == 200
    assert tokens.headers["cache-control"] == "no-store"
    assert tokens.headers["pragma"] == "no-cache"
    assert set(tokens.json()) == {"access_token", "token_type", "expires_in", "scope", "id_token"}

    keys = {key["kid"]: key for key in (await world.http.get("/oauth2/jwks")).json()["keys"]}
    header = jwt.get_unverified_header(tokens.json()["id_token"])
    key = jwt.PyJWK(keys[header["kid"]])
    options: Options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        tokens.json()["id_token"], key, algorithms=["RS256"], audience="shop", issuer=ISSUER, options=options
    )
    assert claims["sub"] == "sub-ann"
    assert claims["amr"] == ["pwd"]
    assert claims["urn:openid:params:jwt:claim:auth_req_id"] == auth_req_id
    access = jwt.decode(
        tokens.json()["access_token"], key, algorithms=["RS256"], audience=ISSUER, issuer=ISSUER, options=options
    )
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time"} <= set(access)
    assert jwt.get_unverified_header(tokens.json()["access_token"])["typ"] == "at+jwt"

    told = await world.http.get(
        "/oauth2/userinfo", headers={"Authorization": f"Bearer {tokens.json()['access_token']}"}
    )
    assert told.json() == {"sub": "sub-ann", "name": "Name of sub-ann"}
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")
