"""Modules of the FAPI-CIBA plan that send a request which is to be refused."""

from typing import Any

import jwt
import pytest

from tests.protocols.world import SHOP
from tests.spec.parties import Signer, private
from tests.spec.requirements import Mutation
from tests.spec.suite import SuiteModule, suite_module, suite_modules
from tests.spec.suite_clients import AUTHS, SuitePair, told

pytestmark = pytest.mark.anyio

OBJECTS = "protocols/oauth2_ciba/request_objects.py"
JWTS = "protocols/oauth2_ciba/signed_jwts.py"
REFUSED = (400, "invalid_request")
MINUTE = 60
# Most faults are refused by more than one check: this is the code that the suite wants of all of them.
CODE = Mutation(
    OBJECTS, 'return invalid_request(f"the request object', 'return OAuthError("invalid_request_object", f"the'
)
UNVERIFIED = Mutation(
    "protocols/oauth2_ciba/signatures.py", "verify_signature(signed, await self._key(signed, known, now))", "pass"
)
LIFE = "if exp - nbf > life or exp - at > life + skew:"


def without(claim: str) -> SuiteModule:
    name = f"fapi-ciba-id1-ensure-request-object-missing-{claim}-fails"
    return SuiteModule(name, f"a request object without `{claim}` is refused", (CODE,), {claim: ...})


def wrong(rest: str, says: str, *mutations: Mutation, **changes: Any) -> SuiteModule:
    """Return a module; times are seconds from now."""
    return SuiteModule(f"fapi-ciba-id1-ensure-request-object-{rest}-fails", says, mutations, changes)


@suite_modules(
    *[without(claim) for claim in ("aud", "iss", "exp", "iat", "nbf", "jti")],
    wrong(
        "bad-aud",
        "an `aud` that is not the issuer is refused",
        Mutation(OBJECTS, "if issuer not in audiences_of(claims):", "if not audiences_of(claims):"),
        aud="https://other.example",
    ),
    wrong(
        "bad-iss",
        "an `iss` that is not the client is refused",
        Mutation(OBJECTS, 'if claims["iss"] != client_id or', "if"),
        iss=SHOP,
    ),
    wrong(
        "expired-exp",
        "an `exp` of the past is refused",
        Mutation(OBJECTS, "if exp <= at - skew:", "if exp <= 0:"),
        exp=-5 * MINUTE,
        nbf=-10 * MINUTE,
    ),
    wrong(
        "exp-is-70-minutes-in-future",
        "an `exp` 70 minutes from now is refused",
        Mutation(OBJECTS, LIFE, "if exp < nbf:"),
        exp=70 * MINUTE,
    ),
    wrong(
        "nbf-is-10-minutes-in-future",
        "an `nbf` ten minutes from now is refused",
        Mutation(OBJECTS, "if nbf > at + skew or iat > at + skew:", "if iat > at + skew:"),
        nbf=10 * MINUTE,
        exp=20 * MINUTE,
    ),
    wrong(
        "nbf-is-70-minutes-in-past",
        "an `nbf` 70 minutes ago is refused",
        Mutation(OBJECTS, LIFE, "if exp - at > life + skew:"),
        nbf=-70 * MINUTE,
    ),
)
async def test_a_request_object_that_is_wrong_is_refused(suite: dict[str, SuitePair], module: SuiteModule) -> None:
    at = int(suite["mtls"].world.clock.now().timestamp())
    changes = {name: at + value if isinstance(value, int) else value for name, value in module.changes.items()}
    for auth in AUTHS:
        assert told(await suite[auth].first.asked(**changes)) == REFUSED, auth
        assert told(await suite[auth].first.asked()) == (200, ""), auth


@suite_module(
    "fapi-ciba-id1-ensure-request-object-signature-algorithm-is-none-fails",
    "an unsigned request object is refused",
    Mutation(JWTS, "if algorithm not in KEY_ALGORITHMS:", "if algorithm is None:"),
)
async def test_ensure_request_object_signature_algorithm_is_none_fails(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client = suite[auth].first
        claims = jwt.decode(client.request_object(binding_message="1234"), options={"verify_signature": False})
        answer = await client.ask_signed(jwt.encode(claims, "", algorithm="none"))
        assert told(answer) == REFUSED
        assert "RS256" in answer.json()["error_description"]


@suite_module(
    "fapi-ciba-id1-ensure-request-object-signature-algorithm-is-bad-fails",
    "a signature that does not verify is refused",
    UNVERIFIED,
)
async def test_ensure_request_object_signature_algorithm_is_bad_fails(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client = suite[auth].first
        head, claims, _ = client.request_object(binding_message="1234").split(".")
        _, _, signature = client.request_object(binding_message="5678").split(".")
        assert told(await client.ask_signed(f"{head}.{claims}.{signature}")) == REFUSED


@suite_module(
    "fapi-ciba-id1-ensure-request-object-signature-algorithm-is-RS256-fails",
    "RS256 is refused, by a key that PS256 is registered for",
    CODE,
)
async def test_ensure_request_object_signature_algorithm_is_rs256_fails(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client = suite[auth].first
        claims = jwt.decode(client.request_object(binding_message="1234"), options={"verify_signature": False})
        signed = jwt.encode(claims, private(client.key), algorithm="RS256", headers={"kid": client.key.kid})
        assert told(await client.ask_signed(signed)) == REFUSED


@suite_module(
    "fapi-ciba-id1-ensure-request-object-signed-by-other-client-fails",
    "a request object that is signed by the other client's key is refused",
    CODE,
)
async def test_ensure_request_object_signed_by_other_client_fails(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        client, other = suite[auth].first, suite[auth].second
        theirs = Signer(world=client.world, key=other.key, client_id=client.client_id)
        assert told(await client.ask_signed(theirs.request_object(binding_message="1234"))) == REFUSED


@suite_module(
    "fapi-ciba-id1-ensure-authorization-request-with-multiple-hints-fails",
    "two hints are refused",
    Mutation("protocols/oauth2_ciba/parameters.py", "if len(named) != 1:", "if not named:"),
)
async def test_ensure_authorization_request_with_multiple_hints_fails(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        assert told(await suite[auth].first.asked(id_token_hint="a.b.c", login_hint_token="d.e.f")) == REFUSED


@suite_module(
    "fapi-ciba-id1-ensure-backchannel-authorization-request-without-request-fails",
    "an unsigned request is refused",
    Mutation(
        "protocols/oauth2_ciba/initiation.py",
        "if client.request_alg is not None or profile.signed_requests:",
        "if client.request_alg is None:",
    ),
)
async def test_ensure_backchannel_authorization_request_without_request_fails(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        assert told(await suite[auth].first.ask(binding_message="1234")) == REFUSED


@suite_module(
    "fapi-ciba-id1-ensure-authorization-request-with-potentially-bad-binding-message",
    "a long message with an emoji and several scripts is refused as such, and not by another error",
    Mutation(
        "protocols/oauth2_ciba/binding.py", 'OAuthError("invalid_binding_message"', 'OAuthError("invalid_request"'
    ),
)
async def test_ensure_authorization_request_with_potentially_bad_binding_message(suite: dict[str, SuitePair]) -> None:
    message = "1234 \U0001f44d\U0001f3ff 品川 Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod"
    for auth in AUTHS:
        assert told(await suite[auth].first.asked(binding_message=message)) == (400, "invalid_binding_message")
