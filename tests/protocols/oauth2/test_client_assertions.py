"""Clients that prove themselves by a signed JWT (requirements 23 and 100)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest

from protocols.oauth2 import ClientInvalid, NewClient
from tests.protocols.signers import CLIENT, KEYS, SECRET, STRANGER, URL, Signer, ask, form_of, jwks, register
from tests.protocols.world import GRANT, ISSUER, NOON, SHOP, World, as_error

pytestmark = pytest.mark.anyio


async def poll(world: World, token: str, auth_req_id: str) -> httpx2.Response:
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id, **form_of(token)}
    return await world.http.post("/oauth2/token", data=form)


@pytest.mark.parametrize("algorithm", KEYS)
async def test_a_key_of_each_algorithm_proves_its_client_at_every_endpoint(world: World, algorithm: str) -> None:
    key = KEYS[algorithm]
    await register(world, jwks=jwks(key))
    signer = Signer.with_key(key)
    asked = await ask(world, signer.sign())
    assert asked.status_code == 200, asked.text
    auth_req_id = asked.json()["auth_req_id"]
    assert as_error(await poll(world, signer.sign(), auth_req_id)) == (400, "authorization_pending")
    cancelled = await world.http.post(
        "/oauth2/bc-authorize/cancel", data={"auth_req_id": auth_req_id, **form_of(signer.sign())}
    )
    assert cancelled.json() == {"status": "cancelled"}


async def test_a_shared_secret_that_signs_proves_its_client(world: World) -> None:
    await register(world, auth_method="client_secret_jwt", secret=SECRET)
    assert (await ask(world, Signer(key=SECRET, headers={}).sign())).status_code == 200
    wrong = Signer(key=SECRET[::-1], headers={}).sign()
    assert as_error(await ask(world, wrong)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "audience",
    [
        ISSUER,
        f"{ISSUER}/oauth2/token",
        f"{ISSUER}/oauth2/bc-authorize",
        ["https://elsewhere.example", ISSUER],
    ],
)
async def test_the_audiences_that_public_libraries_name(small_world: World, audience: Any) -> None:
    await register(small_world, jwks=jwks(KEYS["ES256"]))
    assert (await ask(small_world, Signer.with_key(KEYS["ES256"]).sign(aud=audience))).status_code == 200


WRONG: dict[str, Callable[[], str]] = {
    "another audience": lambda: _es256(aud="https://elsewhere.example"),
    "an audience that is no text": lambda: _es256(aud=[7]),
    "no audience": lambda: _es256(aud=...),
    "expired": lambda: _es256(exp=int(NOON.timestamp()) - 31),
    "more than ten minutes ahead": lambda: _es256(exp=int(NOON.timestamp()) + 631),
    "no exp": lambda: _es256(exp=...),
    "exp that is no number": lambda: _es256(exp="soon"),
    "exp beyond all times": lambda: _es256(exp=10**400),
    "not yet": lambda: _es256(nbf=int(NOON.timestamp()) + 31),
    "from the future": lambda: _es256(iat=int(NOON.timestamp()) + 31),
    "no jti": lambda: _es256(jti=...),
    "empty jti": lambda: _es256(jti=""),
    "long jti": lambda: _es256(jti="j" * 257),
    "jti that is no text": lambda: _es256(jti=["j"]),
    "issued by another": lambda: _es256(iss="someone"),
    "about another": lambda: _es256(sub=SHOP, iss=SHOP),
    "signed by another key": lambda: Signer.with_key(STRANGER, kid=KEYS["ES256"].kid).sign(),
    "a kid that is not there": lambda: Signer.with_key(STRANGER).sign(),
    "signed by another algorithm": lambda: Signer.with_key(KEYS["RS256"]).sign(),
    "made for something else": lambda: Signer.with_key(KEYS["ES256"], typ="oauth-authz-req+jwt").sign(),
    "unsigned": lambda: jwt.encode({"iss": CLIENT, "sub": CLIENT, "jti": "j"}, "", algorithm="none"),
    "signed by the public key as a secret": lambda: Signer(key=KEYS["ES256"].public_jwk["x"], headers={}).sign(),
    "one changed character": lambda: _es256()[:-8] + "AAAAAAAA",
    "no JWT": lambda: "a.b.c",
    "five parts": lambda: "a.b.c.d.e",
    "too long": lambda: _es256(note="x" * 20_000),
}


def _es256(**changes: Any) -> str:
    return Signer.with_key(KEYS["ES256"]).sign(**changes)


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_assertion_is_one_and_the_same_401(small_world: World, name: str) -> None:
    await register(small_world, jwks=jwks(KEYS["ES256"]))
    answer = await ask(small_world, WRONG[name]())
    assert as_error(answer) == (401, "invalid_client")
    assert answer.json()["error_description"].startswith("client authentication failed")


async def test_an_assertion_counts_once_also_for_two_that_send_it_together(world: World) -> None:
    await register(world, jwks=jwks(KEYS["ES256"]))
    token = _es256()
    answers = await asyncio.gather(*(ask(world, token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert as_error(await poll(world, token, answers[0].json().get("auth_req_id", "x"))) == (401, "invalid_client")


async def test_an_assertion_carries_a_poll_through_evaluation_and_redemption(world: World) -> None:
    await register(world, jwks=jwks(KEYS["ES256"]))
    auth_req_id = (await ask(world, _es256())).json()["auth_req_id"]
    await world.approve(auth_req_id)
    assert "id_token" in (await poll(world, _es256(), auth_req_id)).json()


async def test_client_id_may_be_left_out_and_must_not_differ(small_world: World) -> None:
    await register(small_world, jwks=jwks(KEYS["ES256"]))
    assert (await ask(small_world, _es256(), client_id=CLIENT)).status_code == 200
    assert as_error(await ask(small_world, _es256(), client_id=SHOP)) == (401, "invalid_client")


async def test_an_assertion_and_a_secret_are_one_too_many(small_world: World) -> None:
    await register(small_world, jwks=jwks(KEYS["ES256"]))
    answer = await ask(small_world, _es256(), client_id=CLIENT, client_secret="s")
    assert as_error(answer) == (400, "invalid_request")


async def test_a_client_with_keys_cannot_come_with_a_secret_nor_one_with_a_secret_with_keys(small_world: World) -> None:
    await register(small_world, jwks=jwks(KEYS["ES256"]))
    empty = {"scope": "openid", "login_hint": "ann", "client_id": CLIENT, "client_secret": "x"}
    answer = await small_world.http.post("/oauth2/bc-authorize", data=empty)
    assert as_error(answer) == (401, "invalid_client")
    as_shop = _es256(sub=SHOP, iss=SHOP)
    assert as_error(await ask(small_world, as_shop)) == (401, "invalid_client")


async def test_the_registered_algorithm_is_the_only_one(small_world: World) -> None:
    await register(small_world, jwks=jwks(KEYS["RS256"], KEYS["ES256"]), auth_alg="ES256")
    assert as_error(await ask(small_world, Signer.with_key(KEYS["RS256"]).sign())) == (401, "invalid_client")
    assert (await ask(small_world, _es256())).status_code == 200


async def test_a_disabled_client_is_refused_whatever_it_signs(small_world: World) -> None:
    await register(small_world, jwks=jwks(KEYS["ES256"]))
    await small_world.database.run(lambda unit: small_world.records.clients.disable(unit, CLIENT))
    assert as_error(await ask(small_world, _es256())) == (401, "invalid_client")


async def test_keys_elsewhere_are_fetched_once_and_again_when_the_client_has_rotated(small_world: World) -> None:
    world, shelf = small_world, small_world.shelf
    shelf.sets[URL] = jwks(KEYS["ES256"]).encode()
    await register(world, jwks_uri=URL)
    answers = await asyncio.gather(*(ask(world, _es256(), login_hint=who) for who in ("ann", "ann", "bob")))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert shelf.fetched == [URL]
    shelf.sets[URL] = jwks(STRANGER).encode()
    rotated = Signer.with_key(STRANGER)
    assert as_error(await ask(world, rotated.sign())) == (401, "invalid_client")  # one fetch a minute at most
    later = world.clock.forward(61)
    fresh = rotated.sign(exp=int(later.timestamp()) + 60, iat=int(later.timestamp()))
    assert (await ask(world, fresh)).status_code == 200
    assert shelf.fetched == [URL, URL]


async def test_a_flood_of_unknown_kids_costs_one_fetch_a_minute(small_world: World) -> None:
    world = small_world
    world.shelf.sets[URL] = jwks(KEYS["ES256"]).encode()
    await register(world, jwks_uri=URL)
    for number in range(20):
        assert (await ask(world, Signer.with_key(STRANGER, kid=f"k{number}").sign())).status_code == 401
    assert world.shelf.fetched == [URL]


async def test_keys_that_cannot_be_fetched_are_503_at_first_and_the_last_ones_for_a_day(small_world: World) -> None:
    world = small_world
    await register(world, jwks_uri=URL)
    assert as_error(await ask(world, _es256())) == (503, "temporarily_unavailable")
    world.shelf.sets[URL] = jwks(KEYS["ES256"]).encode()
    world.clock.forward(61)

    def now_signed() -> str:
        at = int(world.clock.now().timestamp())
        return _es256(exp=at + 60, iat=at)

    assert (await ask(world, now_signed())).status_code == 200
    del world.shelf.sets[URL]
    world.clock.forward(timedelta(hours=23).total_seconds())
    assert (await ask(world, now_signed())).status_code == 200
    world.clock.forward(timedelta(hours=2).total_seconds())
    assert as_error(await ask(world, now_signed())) == (503, "temporarily_unavailable")


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({}, "jwks"),
        ({"jwks": jwks(KEYS["ES256"]), "jwks_uri": URL}, "jwks"),
        ({"jwks": "{}"}, "jwks"),
        ({"jwks": "no json"}, "jwks"),
        ({"jwks": '{"keys": []}'}, "jwks"),
        ({"jwks": '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'}, "jwks"),
        ({"jwks": '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'}, "jwks"),
        ({"jwks": '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}'}, "jwks"),
        ({"jwks": jwks(KEYS["ES256"]), "secret": SECRET}, "secret"),
        ({"jwks": jwks(KEYS["ES256"]), "auth_alg": "HS256"}, "auth_alg"),
        ({"jwks_uri": "http://client.example/jwks"}, "jwks_uri"),
        ({"jwks_uri": "https://client.example/jwks#1"}, "jwks_uri"),
        ({"jwks_uri": "https://user@client.example/jwks"}, "jwks_uri"),
        ({"jwks_uri": "https://[::1"}, "jwks_uri"),
        ({"auth_method": "client_secret_jwt", "secret": "s" * 31}, "secret"),
        ({"auth_method": "client_secret_basic", "secret": SECRET, "auth_alg": "ES256"}, "auth_alg"),
        ({"auth_method": "tls_client_auth", "secret": SECRET}, "secret"),
        ({"auth_method": "none", "secret": SECRET}, "auth_method"),
    ],
)
def test_a_registration_that_cannot_be(changes: dict[str, Any], setting: str) -> None:
    with pytest.raises(ClientInvalid) as refused:
        replace(NewClient(client_id=CLIENT, auth_method="private_key_jwt"), **changes).check()
    assert refused.value.setting == setting
