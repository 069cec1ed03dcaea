"""Modules of the FAPI-CIBA plan in which somebody is asked, by poll and by ping."""

import base64
import hashlib
from typing import Any

import jwt
import pytest

from protocols.oauth2 import REFRESH_GRANT
from tests.protocols.oauth2_ciba.notices import notified
from tests.protocols.world import GRANT, ISSUER
from tests.spec.parties import OFFLINE, claims_of, header_of
from tests.spec.requirements import Mutation
from tests.spec.suite import suite_module
from tests.spec.suite_clients import AUTHS, SuiteClient, SuitePair, told

pytestmark = pytest.mark.anyio

PENDING, SLOW = (400, "authorization_pending"), (400, "slow_down")
METADATA = "protocols/oauth2/metadata.py"
LONG_TOKEN = "t" * 1024


async def decided_after_polls(client: SuiteClient, **claims: Any) -> dict[str, Any]:
    """Do what the suite does before and after the person decides."""
    auth_req_id = await client.auth_req_id(**claims)
    for _ in range(2):
        assert told(await client.poll(auth_req_id)) == PENDING
        client.world.clock.forward(5)
    await client.world.approve(auth_req_id)
    answer = await client.poll(auth_req_id)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return {**answer.json(), "auth_req_id": auth_req_id}


async def check_id_token(client: SuiteClient, tokens: dict[str, Any]) -> dict[str, Any]:
    """Verify the ID token as the suite does, and return what it says."""
    token = str(tokens["id_token"])
    keys = (await client.world.http.get("/oauth2/jwks")).json()["keys"]
    (jwk,) = [key for key in keys if key["kid"] == header_of(token)["kid"]]
    assert header_of(token)["alg"] in {"PS256", "ES256"}
    options: Any = {"verify_exp": False, "verify_iat": False}
    key = jwt.PyJWK.from_dict(jwk)
    claims = jwt.decode(token, key, algorithms=[key.algorithm_name], audience=client.client_id, options=options)
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert (claims["iss"], claims["sub"]) == (ISSUER, "sub-ann")
    return claims


@suite_module(
    "fapi-ciba-id1-discovery-end-point-verification",
    "discovery names the endpoint, poll and ping, PS256 and ES256, the client authentication and the bound tokens",
    Mutation(METADATA, '"backchannel_token_delivery_modes_supported"', '"backchannel_delivery_modes_supported"'),
    Mutation("protocols/oauth2/profiles.py", 'signing_algs=("PS256", "ES256"),', 'signing_algs=("RS256", "ES256"),'),
)
async def test_discovery_end_point_verification(suite: dict[str, SuitePair]) -> None:
    answer = await suite["mtls"].world.http.get("/.well-known/openid-configuration")
    document = answer.json()
    assert document["issuer"] == ISSUER
    assert document["backchannel_authentication_endpoint"].startswith("https://")
    assert set(document["backchannel_token_delivery_modes_supported"]) == {"poll", "ping"}
    assert GRANT in document["grant_types_supported"]
    signed = set(document["backchannel_authentication_request_signing_alg_values_supported"])
    assert signed == {"PS256", "ES256"}
    methods = set(document["token_endpoint_auth_methods_supported"])
    assert {"private_key_jwt", "self_signed_tls_client_auth"} <= methods
    assert not {name for name in methods if "secret" in name}
    assert document["tls_client_certificate_bound_access_tokens"] is True


@suite_module(
    "fapi-ciba-id1",
    "two clients get tokens that are bound to their own certificates, by poll and by ping, and each auth_req_id once",
    Mutation(
        "protocols/oauth2/sender_checks.py",
        "return None if _equal(cnf[_CERTIFICATE], certificate) else",
        "return None if certificate else",
    ),
    Mutation("protocols/oauth2_ciba/signed_jwts.py", "typ=typ.lower() if", "typ=typ if"),
    Mutation(
        "protocols/oauth2_ciba/evaluation.py",
        'State.REDEEMED: ("invalid_grant", _GONE)',
        'State.REDEEMED: ("expired_token", _GONE)',
    ),
)
@pytest.mark.parametrize("mode", ["poll", "ping"])
@pytest.mark.parametrize("auth", AUTHS)
async def test_fapi_ciba_id1(suite: dict[str, SuitePair], auth: str, mode: str) -> None:
    pair = suite[auth]
    short, long = (
        ({}, {})
        if mode == "poll"
        else ({"client_notification_token": "t" * 40}, {"client_notification_token": LONG_TOKEN})
    )
    if mode == "ping":
        await pair.pinged()
    first = await decided_after_polls(pair.first, **short)
    await check_id_token(pair.first, first)
    token = str(first["access_token"])
    for accept in ("application/json", "*/*"):
        answer = await pair.first.resource(token, accept=accept)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.headers["x-fapi-interaction-id"]
    in_query = await pair.world.http.get(f"/oauth2/userinfo?access_token={token}", headers=dict(pair.first.connection))
    assert in_query.status_code in {400, 401}

    acr = "urn:lockhouse:acr:pwd"
    headers = {"typ": "OautH-auThZ-REQ+jWt"}
    second = await decided_after_polls(pair.second, acr_values=acr, requested_expiry=300, headers=headers, **long)
    assert (await check_id_token(pair.second, second))["acr"] == acr
    token = str(second["access_token"])
    assert (await pair.second.resource(token)).status_code == 200
    assert (await pair.first.resource(token)).status_code == 401
    assert told(await pair.second.poll(second["auth_req_id"])) == (400, "invalid_grant")


@suite_module(
    "fapi-ciba-id1-user-rejects-authentication",
    "a refusal is `access_denied`",
    Mutation("protocols/oauth2_ciba/evaluation.py", 'State.DENIED: ("access_denied"', 'State.DENIED: ("expired_token"'),
)
async def test_user_rejects_authentication(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client = suite[auth].first
        auth_req_id = await client.auth_req_id()
        login = await client.world.claimed(auth_req_id)
        await client.world.end("ciba.login", auth_req_id, login, "denied", by="person")
        assert told(await client.poll(auth_req_id)) == (400, "access_denied")


@suite_module(
    "fapi-ciba-id1-multiple-call-to-token-endpoint",
    "polls without a pause are pending, told to slow down, or invalid; the tokens come all the same",
    Mutation("protocols/oauth2_ciba/evaluation.py", 'OAuthError("slow_down"', 'OAuthError("access_denied"'),
)
async def test_multiple_call_to_token_endpoint(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client = suite[auth].first
        auth_req_id = await client.auth_req_id()
        answers = [told(await client.poll(auth_req_id)) for _ in range(20)]
        assert set(answers) == {PENDING, SLOW, (400, "invalid_request")}
        await client.world.approve(auth_req_id)
        assert (await client.poll(auth_req_id)).status_code == 200


@suite_module(
    "fapi-ciba-id1-auth-req-id-expired",
    "after thirty seconds that were asked for, and nobody's decision, it is `expired_token`",
    Mutation(
        "protocols/oauth2_ciba/evaluation.py", 'State.EXPIRED: ("expired_token"', 'State.EXPIRED: ("access_denied"'
    ),
)
async def test_auth_req_id_expired(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client = suite[auth].first
        asked = (await client.asked(requested_expiry=30)).json()
        assert asked["expires_in"] == 30
        client.world.clock.forward(31)
        assert told(await client.poll(asked["auth_req_id"])) == (400, "expired_token")


@suite_module(
    "fapi-ciba-id1-ensure-authorization-request-with-binding-message-succeeds",
    "a binding_message of four digits is taken, and shown",
    Mutation(
        "protocols/oauth2_ciba/storing.py",
        '"binding_message": new.binding_message or ""',
        '"binding_message": (new.binding_message or "")[:2]',
    ),
)
async def test_ensure_authorization_request_with_binding_message_succeeds(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client = suite[auth].first
        row = await client.world.row(await client.auth_req_id(binding_message="1234"))
        message: Any = client.world.flows.started[row.flow_execution_id].inputs["message"]
        assert message["params"]["binding_message"] == "1234"


@suite_module(
    "fapi-ciba-id1-ensure-other-scope-order-succeeds",
    "`openid` may stand last",
    Mutation("protocols/oauth2/scopes.py", "if OPENID not in asked:", "if asked[0] != OPENID:"),
)
async def test_ensure_other_scope_order_succeeds(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        assert (await suite[auth].first.tokens(scope="profile openid"))["id_token"]


@suite_module(
    "fapi-ciba-id1-ensure-requested-expiry-as-string-succeeds",
    "`requested_expiry` may be a text",
    Mutation(
        "protocols/oauth2_ciba/sent_parameters.py",
        "    if isinstance(value, str) and is_storable(value):\n        return value\n    if isinstance(value, float)",
        "    if isinstance(value, float)",
    ),
)
async def test_ensure_requested_expiry_as_string_succeeds(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        assert (await suite[auth].first.asked(requested_expiry="300")).json()["expires_in"] == 300


@suite_module(
    "fapi-ciba-id1-refresh-token",
    "a refresh token gives its client a new bound token, and the other client nothing",
    Mutation("protocols/oauth2/refresh_grant.py", "found.client_id != client.client_id", "found.client_id is None"),
)
async def test_refresh_token(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        pair = suite[auth]
        tokens = await pair.first.tokens(scope=OFFLINE)
        form = {"grant_type": REFRESH_GRANT, "refresh_token": tokens["refresh_token"]}
        assert set(tokens["refresh_token"]) <= {chr(code) for code in range(0x20, 0x7F)}
        again = (await pair.first.token(form)).json()
        assert claims_of(again["access_token"])["cnf"] == claims_of(tokens["access_token"])["cnf"]
        assert (await pair.first.resource(again["access_token"])).status_code == 200
        assert told(await pair.second.token(form)) == (400, "invalid_grant")


NOTIFICATIONS = "protocols/oauth2_ciba/notifications.py"
ONCE = Mutation(NOTIFICATIONS, "if status in LATER or status >= 500:", "if status > 300:")


async def pinged_and_answered(suite: dict[str, SuitePair], status: int) -> None:
    """Have the suite answer a ping with *status*: it comes once, and the tokens are there at once."""
    for auth in AUTHS:
        pair = suite[auth]
        await pair.pinged()
        async with notified(pair.world, "poll") as shop:
            shop.line.answers = [status]
            auth_req_id = await pair.first.auth_req_id(client_notification_token="t" * 40)
            assert told(await pair.first.poll(auth_req_id)) == PENDING
            await pair.world.approve(auth_req_id)
            (sent,) = await shop.deliver()
            assert (sent.token, sent.json) == ("t" * 40, {"auth_req_id": auth_req_id})
            pair.world.clock.forward(20)
            assert await shop.deliver() == []
            assert (await pair.first.poll(auth_req_id)).status_code == 200


@suite_module(
    "fapi-ciba-id1-ping-backchannel-notification-endpoint-response-has-body",
    "a ping that is answered 200 is fine",
    Mutation(
        "protocols/oauth2_ciba/deliveries.py",
        'return {"auth_req_id": to.auth_req_id}\n\n\ndef _push_error',
        'return {"auth_req_id": to.auth_req_id, "status": "ok"}\n\n\ndef _push_error',
    ),
)
async def test_ping_backchannel_notification_endpoint_response_has_body(suite: dict[str, SuitePair]) -> None:
    await pinged_and_answered(suite, 200)


@suite_module(
    "fapi-ciba-id1-ping-backchannel-notification-endpoint-response-401",
    "a ping that is answered 401 changes nothing",
    Mutation("protocols/oauth2_ciba/deliveries.py", '"token": to.token,', '"token": to.auth_req_id,'),
)
async def test_ping_backchannel_notification_endpoint_response_401(suite: dict[str, SuitePair]) -> None:
    await pinged_and_answered(suite, 401)


@suite_module(
    "fapi-ciba-id1-ping-with-mtls-ciba-notification-endpoint-response-401-and-require-server-does-not-retry",
    "a ping that is answered 401 is not sent again",
    ONCE,
)
async def test_ping_with_mtls_ciba_notification_endpoint_response_401_and_require_server_does_not_retry(
    suite: dict[str, SuitePair],
) -> None:
    await pinged_and_answered(suite, 401)


@suite_module(
    "fapi-ciba-id1-ping-backchannel-notification-endpoint-response-403", "a ping that is answered 403 is over", ONCE
)
async def test_ping_backchannel_notification_endpoint_response_403(suite: dict[str, SuitePair]) -> None:
    await pinged_and_answered(suite, 403)


@suite_module(
    "fapi-ciba-id1-ping-backchannel-notification-endpoint-return-redirect-request",
    "a ping that is answered by a redirect goes nowhere else",
    ONCE,
)
async def test_ping_backchannel_notification_endpoint_return_redirect_request(suite: dict[str, SuitePair]) -> None:
    await pinged_and_answered(suite, 301)
