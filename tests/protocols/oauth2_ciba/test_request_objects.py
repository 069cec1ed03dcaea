"""Signed authentication requests (requirements 36 to 43, 110; cases 48 to 53)."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import select, update

from protocols.oauth2.tables import CLIENTS
from protocols.oauth2_ciba.tables import USED_TOKENS
from tests.protocols.oauth2_ciba.signed import KEY, object_of, registered, send, send_claims, signed
from tests.protocols.signers import CLIENT, KEYS, SECRET, STRANGER, URL, jwks
from tests.protocols.world import NOON, SHOP, World, as_error

pytestmark = pytest.mark.anyio
AT = int(NOON.timestamp())
REFUSED = (400, "invalid_request")


@pytest.mark.parametrize("algorithm", KEYS)
async def test_a_request_object_of_each_algorithm_is_taken(world: World, algorithm: str) -> None:
    key = KEYS[algorithm]
    await registered(world, jwks=jwks(key), request_alg=algorithm)
    claims = object_of(world, scope="openid profile", binding_message="Order 17", acr_values="a b", requested_expiry=30)
    answer = await send(world, signed(claims, key))
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == 30
    row = await world.row(answer.json()["auth_req_id"])
    assert (row.user_id, row.scopes, row.acr_values) == ("sub-ann", ("openid", "profile"), "a b")


@pytest.mark.parametrize("typ", ["JWT", "jwt", "oauth-authz-req+jwt", "OautH-auThZ-REQ+jWt"])
async def test_a_type_may_be_written_in_any_letter_case(small_world: World, typ: str) -> None:
    """Requirement 38."""
    await registered(small_world, request_alg="ES256")
    assert (await send(small_world, signed(object_of(small_world), typ=typ))).status_code == 200


@pytest.mark.parametrize("expiry", [30, "30", 30.0])
async def test_requested_expiry_is_a_text_or_a_number(small_world: World, expiry: Any) -> None:
    """Requirement 39."""
    await registered(small_world, request_alg="ES256")
    assert (await send_claims(small_world, requested_expiry=expiry)).json()["expires_in"] == 30
    assert (await send_claims(small_world, requested_expiry=10**400)).json()["expires_in"] == 600


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "no exp": {"exp": ...},
    "no nbf": {"nbf": ...},
    "no iat": {"iat": ...},
    "no jti": {"jti": ...},
    "no aud": {"aud": ...},
    "no iss": {"iss": ...},
    "expired": {"exp": AT - 31},
    "not yet": {"nbf": AT + 31, "exp": AT + 300},
    "made tomorrow": {"iat": AT + 31},
    "exp is no number": {"exp": "soon"},
    "exp is true": {"exp": True},
    "exp beyond all times": {"exp": 10**400},
    "exp is not finite": {"exp": float("inf")},
    "lives for ever": {"exp": AT + 400 * 86400},
    "jti is no text": {"jti": 7},
    "jti is empty": {"jti": ""},
    "jti is endless": {"jti": "x" * 257},
    "another audience": {"aud": "https://elsewhere.example"},
    "an audience that is no text": {"aud": [7]},
    "another issuer": {"iss": SHOP},
    "another client": {"client_id": SHOP},
    "an assertion": {"sub": CLIENT},
    "another object inside": {"request": "x"},
    "an address inside": {"request_uri": "https://x.example"},
    "scope is a list": {"scope": ["openid"]},
    "hint is a number": {"login_hint": 7},
    "hint is null": {"login_hint": None},
    "a NUL": {"login_hint": "a\0b"},
    "half a character": {"binding_message": "\ud800"},
    "expiry is a fraction": {"requested_expiry": 1.5},
    "expiry is true": {"requested_expiry": True},
    "expiry is infinite": {"requested_expiry": float("inf")},
    "expiry is zero": {"requested_expiry": 0},
    "expiry is negative": {"requested_expiry": -(10**50)},
    "expiry is no number": {"requested_expiry": float("nan")},
    "resource is an object": {"resource": {"a": "b"}},
    "no hint": {"login_hint": ...},
    "no scope": {"scope": ...},
}


@pytest.mark.parametrize("name", WRONG_CLAIMS)
async def test_each_fault_of_a_request_object_is_an_invalid_request(small_world: World, name: str) -> None:
    """Requirements 37, 39, 42."""
    await registered(small_world, request_alg="ES256")
    assert as_error(await send_claims(small_world, **WRONG_CLAIMS[name])) == REFUSED


def _changed(token: str) -> str:
    head, claims, signature = token.split(".")
    raw = json.loads(base64.urlsafe_b64decode(claims + "=="))
    body = base64.urlsafe_b64encode(json.dumps({**raw, "login_hint": "bob"}).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


WRONG_TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "no JWT": lambda _: "x.y.z",
    "nothing": lambda _: "..",
    "five parts": lambda _: "a.b.c.d.e",
    "too long": lambda _: "x" * 40_000,
    "not signed": lambda claims: jwt.encode(claims, "", algorithm="none"),
    "signed by the secret": lambda claims: jwt.encode(claims, SECRET, algorithm="HS256"),
    "signed by the public key as a secret": lambda claims: jwt.encode(claims, b"k" * 32, algorithm="HS256"),
    "another client's key": lambda claims: signed(claims, STRANGER),
    "another key under our kid": lambda claims: signed(claims, STRANGER, kid=KEY.kid),
    "another algorithm": lambda claims: signed(claims, KEYS["EdDSA"]),
    "changed": lambda claims: _changed(signed(claims)),
    "another type": lambda claims: signed(claims, typ="at+jwt"),
    "a type that is no text": lambda claims: signed(claims, typ=7),
    "a critical header": lambda claims: signed(claims, crit=["exp"], exp=1),
}


@pytest.mark.parametrize("name", WRONG_TOKENS)
async def test_what_does_not_verify_is_an_invalid_request(small_world: World, name: str) -> None:
    """Requirements 36, 38, 42."""
    await registered(small_world, jwks=jwks(KEY, KEYS["EdDSA"]), request_alg="ES256")
    assert as_error(await send(small_world, WRONG_TOKENS[name](object_of(small_world)))) == REFUSED


async def test_nothing_may_stand_beside_the_object_but_client_authentication(small_world: World) -> None:
    """Requirement 40: never merged."""
    await registered(small_world, request_alg="ES256")
    token = signed(object_of(small_world, login_hint=...))
    assert as_error(await send(small_world, token, login_hint="ann")) == REFUSED
    assert as_error(await send(small_world, signed(object_of(small_world)), nonce="x")) == REFUSED
    assert (await send(small_world, signed(object_of(small_world)), client_id=CLIENT)).status_code == 200


async def test_a_client_that_registered_to_sign_must_and_another_must_not(small_world: World) -> None:
    """Requirements 10 and 41."""
    await registered(small_world, request_alg="ES256")
    assert as_error(await send(small_world, scope="openid", login_hint="ann")) == REFUSED
    none = update(CLIENTS).where(CLIENTS.c.client_id == CLIENT).values(request_alg=None)
    await small_world.database.run(lambda unit: unit.execute(none).rowcount)
    assert as_error(await send_claims(small_world)) == REFUSED


async def test_a_jti_counts_once_until_its_object_has_expired(world: World) -> None:
    """Requirement 43."""
    await registered(world, request_alg="ES256")
    token = signed(object_of(world))
    assert (await send(world, token)).status_code == 200
    assert as_error(await send(world, token)) == REFUSED
    world.clock.forward(400)
    await world.sweep()
    assert await world.database.run(lambda unit: unit.execute(select(USED_TOKENS)).all()) == []
    assert as_error(await send(world, token)) == REFUSED


async def test_an_object_whose_request_was_refused_may_be_sent_again(world: World) -> None:
    """The jti is used up in the commit that stores the request, and in no other."""
    await registered(world, request_alg="ES256")
    token = signed(object_of(world))
    world.people.disabled.add("sub-ann")
    assert as_error(await send(world, token)) == (400, "unknown_user_id")
    world.people.disabled.clear()
    assert (await send(world, token)).status_code == 200


async def test_idempotency_compares_claims_and_is_looked_up_before_the_jti(world: World) -> None:
    await registered(world, request_alg="ES256")
    token = signed(object_of(world, binding_message="Order 17"))
    first = (await send(world, token, key="k")).json()
    assert (await send(world, token, key="k")).json() == first
    again = signed(object_of(world, binding_message="Order 17"))
    assert (await send(world, again, key="k")).json() == first
    other = signed(object_of(world, binding_message="Order 18"))
    assert as_error(await send(world, other, key="k")) == REFUSED
    assert as_error(await send(world, "x.y.z", key="k")) == REFUSED


async def test_client_authentication_goes_before_every_fault(small_world: World) -> None:
    """Requirement 46: the order."""
    await registered(small_world, request_alg="ES256")
    answer = await small_world.http.post("/oauth2/bc-authorize", data={"request": "x.y.z"}, auth=(CLIENT, "wrong"))
    assert as_error(answer) == (401, "invalid_client")
    nobody = await small_world.http.post("/oauth2/bc-authorize", data={"request": "x.y.z"}, auth=("nobody", "x"))
    assert as_error(nobody) == (401, "invalid_client")


async def test_keys_behind_a_jwks_uri_are_fetched_and_503_where_they_cannot_be(small_world: World) -> None:
    await registered(small_world, request_alg="ES256", jwks_uri=URL)
    answer = await send_claims(small_world)
    assert as_error(answer) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"]
    small_world.shelf.sets[URL] = jwks(KEY).encode()
    small_world.clock.forward(61)
    assert (await send_claims(small_world)).status_code == 200


async def test_a_financial_profile_signs_every_request_for_an_hour_at_most(small_world: World) -> None:
    """Requirements 105, 109, 110, 117."""
    await registered(small_world, request_alg="ES256", profile="fapi-ciba")
    good = {"binding_message": "Order 17"}
    assert (await send_claims(small_world, **good, exp=AT + 3600)).status_code == 200
    assert as_error(await send_claims(small_world, **good, exp=AT + 3601)) == REFUSED
    assert as_error(await send_claims(small_world)) == REFUSED
    assert (await send_claims(small_world, request_context={"intent": "pay"})).status_code == 200
    assert as_error(await send_claims(small_world, binding_message="x" * 65)) == (400, "invalid_binding_message")
    assert as_error(await send_claims(small_world, binding_message="pay \U0001f600")) == (
        400,
        "invalid_binding_message",
    )
    unsigned = update(CLIENTS).where(CLIENTS.c.client_id == CLIENT).values(request_alg=None)
    await small_world.database.run(lambda unit: unit.execute(unsigned).rowcount)
    assert as_error(await send(small_world, scope="openid", login_hint="ann", binding_message="x")) == REFUSED


async def test_a_skew_of_half_a_minute_is_forgiven(small_world: World) -> None:
    await registered(small_world, request_alg="ES256")
    assert (await send_claims(small_world, exp=AT - 29, nbf=AT - 60)).status_code == 200
    later = timedelta(seconds=29).total_seconds()
    assert (await send_claims(small_world, nbf=AT + later, iat=AT + later, exp=AT + 300)).status_code == 200
