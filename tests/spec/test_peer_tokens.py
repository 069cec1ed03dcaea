"""Cases of the best peer at the token endpoint, and with request objects."""

from typing import Any

import pytest
from sqlalchemy import select

from protocols.oauth2.tables import GRANTS
from tests.protocols.world import BANK, World, as_error
from tests.spec.parties import KEY, Signer, add_signer, key_set
from tests.spec.requirements import peer_case

pytestmark = pytest.mark.anyio

REFUSED, GONE = (400, "invalid_request"), (400, "invalid_grant")
KEYS_AT = "https://client.example/jwks"


async def revoked(world: World) -> list[Any]:
    """Return when each grant was revoked, None for those that stand."""
    return await world.database.read(lambda unit: list(unit.execute(select(GRANTS.c.revoked_at)).scalars()))


@peer_case(40, "an unknown auth_req_id")
async def test_peer_40_an_unknown_auth_req_id(world: World) -> None:
    assert as_error(await world.poll("unknown")) == GONE


@peer_case(41, "another client's auth_req_id")
async def test_peer_41_another_clients(world: World) -> None:
    assert as_error(await world.poll(await world.approved(), client=BANK)) == GONE


@peer_case(42, "an expired request")
async def test_peer_42_an_expired_request(world: World) -> None:
    auth_req_id = await world.asked()
    world.clock.forward(121)
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")


@peer_case(
    43,
    "reuse after redemption is `invalid_grant` and revokes the grant",
    differs="revokes only more than 60 s later: before, it is the retry of a client that lost its answer",
)
async def test_peer_43_reuse_after_redemption(world: World) -> None:
    auth_req_id = await world.approved()
    assert (await world.poll(auth_req_id)).status_code == 200
    assert as_error(await world.poll(auth_req_id)) == GONE
    assert await revoked(world) == [None]
    world.clock.forward(61)
    assert as_error(await world.poll(auth_req_id)) == GONE
    assert None not in await revoked(world)


@peer_case(
    44,
    "after a refusal the second answer is `invalid_grant`",
    differs="`access_denied` each time: a lost answer is told again",
)
async def test_peer_44_after_a_refusal(world: World) -> None:
    auth_req_id = await world.asked()
    await world.end("ciba.login", auth_req_id, await world.claimed(auth_req_id), "denied", by="person")
    assert [as_error(await world.poll(auth_req_id)) for _ in range(2)] == [(400, "access_denied")] * 2
    assert await revoked(world) == []


@peer_case(45, "discovery lists the algorithms of signed requests, without HMAC")
async def test_peer_45_algorithms_without_hmac(world: World) -> None:
    metadata = (await world.http.get("/.well-known/openid-configuration")).json()
    listed = metadata["backchannel_authentication_request_signing_alg_values_supported"]
    assert listed
    assert not [name for name in listed if name.startswith("HS")]


@peer_case(46, "`request_uri` with signed requests", differs="`invalid_request`")
async def test_peer_46_request_uri(world: World) -> None:
    client = await add_signer(world, request_alg="ES256")
    answer = await client.ask_signed(client.request_object(), request_uri="https://client.example/r")
    assert as_error(answer) == REFUSED


@peer_case(
    47, "`registration` beside a signed request", differs="`invalid_request`: nothing stands outside of the object"
)
async def test_peer_47_registration_beside_an_object(world: World) -> None:
    client = await add_signer(world, request_alg="ES256")
    assert as_error(await client.ask_signed(client.request_object(), registration="{}")) == REFUSED


@peer_case(48, "a client that registered an algorithm signs, also with keys behind a jwks_uri")
async def test_peer_48_who_registered_to_sign_signs(world: World) -> None:
    world.shelf.sets[KEYS_AT] = key_set(KEY).encode()
    client = await add_signer(world, jwks_uri=KEYS_AT, request_alg="ES256")
    assert as_error(await client.ask()) == REFUSED
    assert (await client.ask_signed(client.request_object())).status_code == 200


async def without(world: World, name: str) -> tuple[tuple[int, str], str]:
    """Return the error of a request object that lacks the claim *name*, and its description."""
    client: Signer = await add_signer(world, request_alg="ES256")
    left_out: dict[str, Any] = {name: ...}
    answer = await client.ask_signed(client.request_object(**left_out))
    return as_error(answer), str(answer.json()["error_description"])


@peer_case(49, "a request object without exp")
async def test_peer_49_without_exp(world: World) -> None:
    assert await without(world, "exp") == (REFUSED, "the request object lacks exp")


@peer_case(50, "a request object without nbf")
async def test_peer_50_without_nbf(world: World) -> None:
    assert await without(world, "nbf") == (REFUSED, "the request object lacks nbf")


@peer_case(51, "a request object without jti")
async def test_peer_51_without_jti(world: World) -> None:
    assert await without(world, "jti") == (REFUSED, "the request object lacks jti")


@peer_case(52, "a request object without iat")
async def test_peer_52_without_iat(world: World) -> None:
    assert await without(world, "iat") == (REFUSED, "the request object lacks iat")


@peer_case(53, "an encrypted request object")
async def test_peer_53_an_encrypted_object(world: World) -> None:
    client = await add_signer(world, request_alg="ES256")
    answer = await client.ask_signed("a.b.c.d.e")
    assert as_error(answer) == REFUSED
    assert "encrypted" in answer.json()["error_description"]
