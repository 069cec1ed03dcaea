"""1F. Signed authentication requests (CIBA Core section 7.1.1)."""

from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from tests.protocols.world import ISSUER, SHOP, World, as_error
from tests.spec.parties import KEY, OTHER_KEY, Signer, add_signer
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

OBJECTS = "protocols/oauth2_ciba/request_objects.py"
SENT = "protocols/oauth2_ciba/sent_parameters.py"
JWTS = "protocols/oauth2_ciba/signed_jwts.py"
INITIATION = "protocols/oauth2_ciba/initiation.py"
REFUSED = (400, "invalid_request")


async def signing(world: World) -> Signer:
    return await add_signer(world, request_alg="ES256")


def absent(name: str) -> dict[str, Any]:
    return {name: ...}


async def answered(signer: Signer, *, headers: Mapping[str, Any] | None = None, **claims: Any) -> tuple[int, str]:
    answer = await signer.ask_signed(signer.request_object(headers=headers, **claims))
    return (200, "") if answer.status_code == 200 else as_error(answer)


@requirement(
    36,
    "`request` is a JWS by a key pair: `none`, HMAC and encryption are refused, and so is `request_uri`",
    Mutation(JWTS, "if algorithm not in KEY_ALGORITHMS:", "if algorithm is None:"),
    Mutation(SENT, 'if form.get("request_uri") is not None:', 'if form.get("request_uri") == "":'),
)
async def test_036_a_request_object_is_signed_by_a_key_pair(world: World) -> None:
    signer = await signing(world)
    assert await answered(signer) == (200, "")
    claims = jwt.decode(signer.request_object(), options={"verify_signature": False})
    unsigned = await signer.ask_signed(jwt.encode(claims, "", algorithm="none"))
    assert as_error(unsigned) == REFUSED
    assert "RS256" in unsigned.json()["error_description"]
    assert as_error(await signer.ask_signed(jwt.encode(claims, "k" * 32, algorithm="HS256"))) == REFUSED
    assert as_error(await signer.ask_signed("a.b.c.d.e")) == REFUSED
    assert as_error(await world.ask(request_uri="https://client.example/request")) == REFUSED


@requirement(
    37,
    "`aud` has our issuer, `iss` is the client, and exp, iat, nbf and jti are all there",
    Mutation(OBJECTS, "if issuer not in audiences_of(claims):", "if not audiences_of(claims):"),
    Mutation(OBJECTS, 'if claims["iss"] != client_id or', "if"),
    Mutation(OBJECTS, "    if missing:", "    if len(missing) > 1:"),
)
async def test_037_its_own_claims_are_all_there(world: World) -> None:
    signer = await signing(world)
    assert await answered(signer, aud=f"{ISSUER}/oauth2/token") == REFUSED
    assert await answered(signer, iss=SHOP) == REFUSED
    for name in ("iss", "aud", "exp", "iat", "nbf", "jti"):
        answer = await signer.ask_signed(signer.request_object(**absent(name)))
        assert as_error(answer) == REFUSED
        assert name in answer.json()["error_description"]


@requirement(
    38,
    "The key is one of the client's; `typ` is absent, JWT or oauth-authz-req+jwt in any letter case",
    Mutation(
        "protocols/oauth2_ciba/signatures.py", "verify_signature(signed, await self._key(signed, known, now))", "pass"
    ),
    Mutation(JWTS, "typ=typ.lower() if", "typ=typ if"),
)
async def test_038_another_key_is_refused_and_typ_may_be_spelt_in_any_way(world: World) -> None:
    signer = await signing(world)
    assert await answered(signer, headers={"typ": "OautH-auThZ-REQ+jWt"}) == (200, "")
    assert await answered(signer, headers={"typ": ...}) == (200, "")
    assert await answered(signer, headers={"typ": "at+jwt"}) == REFUSED
    thief = Signer(world=world, key=OTHER_KEY, headers={"kid": KEY.kid})
    assert as_error(await signer.ask_signed(thief.request_object())) == REFUSED


@requirement(
    39,
    "Parameters are claims of text; `requested_expiry` may be a text or a number",
    Mutation(
        SENT,
        "    if isinstance(value, str) and is_storable(value):\n        return value\n    if isinstance(value, float)",
        "    if isinstance(value, float)",
    ),
    Mutation(
        SENT, "    if isinstance(value, bool) or not isinstance(value, int):", "    if not isinstance(value, str):"
    ),
)
async def test_039_requested_expiry_is_a_text_or_a_number(world: World) -> None:
    signer = await signing(world)
    for wanted in ("30", 30):
        answer = await signer.ask_signed(signer.request_object(requested_expiry=wanted))
        assert answer.json()["expires_in"] == 30
    assert await answered(signer, scope=["openid"]) == REFUSED
    assert await answered(signer, requested_expiry=[30]) == REFUSED


@requirement(
    40,
    "No parameter stands outside of the object but those of client authentication",
    Mutation(SENT, "    if form.without(_OUTSIDE):", '    if form.get("scope"):'),
    Mutation(SENT, 'CLIENT_AUTHENTICATION_PARAMETERS | {"request"}', 'frozenset({"request"})'),
)
async def test_040_nothing_stands_outside(world: World) -> None:
    signer = await signing(world)
    answer = await signer.ask_signed(signer.request_object(), binding_message="Order 17")
    assert as_error(answer) == REFUSED
    assert (await signer.ask_signed(signer.request_object(), client_id=signer.client_id)).status_code == 200


@requirement(
    41,
    "A client that is registered to sign and sends an unsigned request gets `invalid_request`",
    Mutation(
        INITIATION, "if client.request_alg is not None or profile.signed_requests:", "if profile.signed_requests:"
    ),
)
async def test_041_who_is_registered_to_sign_signs(world: World) -> None:
    signer = await signing(world)
    assert as_error(await signer.ask()) == REFUSED


@requirement(
    42,
    "Every fault of a request object is `invalid_request`",
    Mutation(
        OBJECTS, 'return invalid_request(f"the request object', 'return OAuthError("invalid_request_object", f"the'
    ),
)
async def test_042_every_fault_is_invalid_request(world: World) -> None:
    signer = await signing(world)
    at = int(world.clock.now().timestamp())
    faults = ({"exp": at - 60}, {"nbf": at + 600}, {"exp": "soon"}, {"sub": signer.client_id}, {"request": "x"})
    for wrong in faults:
        assert await answered(signer, **wrong) == REFUSED, wrong
    assert as_error(await signer.ask_signed("no JWT")) == REFUSED


@requirement(
    43,
    "A jti counts once",
    Mutation(INITIATION, "if not use_token(unit, request.once, request_id=asked.ids.request_id):", "if not request:"),
)
async def test_043_a_request_object_counts_once(world: World) -> None:
    signer = await signing(world)
    once = signer.request_object()
    assert (await signer.ask_signed(once)).status_code == 200
    assert as_error(await signer.ask_signed(once)) == REFUSED
