"""1T. FAPI-CIBA: what the profile `fapi-ciba` demands."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.storage import Database
from protocols.oauth2 import ClientInvalid, ClientPolicy, KeyMaterial, NewClient
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2_ciba import CibaSettings
from tests.fixtures.authority import self_signed
from tests.protocols.oauth2_ciba.notices import ENDPOINT
from tests.protocols.world import ISSUER, NOON, World, as_error, make_world
from tests.spec.parties import KEY, Signer, add_signer, claims_of, key_set
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

PROFILES = "protocols/oauth2/profiles.py"
OBJECTS = "protocols/oauth2_ciba/request_objects.py"
REFUSED = (400, "invalid_request")
SHORT_KEY = json.dumps(
    {"keys": [{"kty": "RSA", "kid": "short", "e": "AQAB", "n": base64.urlsafe_b64encode(bytes([255]) * 128).decode()}]}
)
MTLS = MutualTls(accepted=True)
POLICY = ClientPolicy(profile="fapi-ciba", scopes=("openid", "profile"), algorithms=("PS256", "ES256"), mutual_tls=MTLS)
GOOD: Mapping[str, Any] = {
    "client_id": "bank-app",
    "auth_method": "private_key_jwt",
    "jwks": key_set(KEY),
    "request_alg": "ES256",
    "scopes": ("openid",),
    "certificate_bound": True,
}


@pytest.fixture
async def strict(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[Signer]:
    """A client that signs, in a deployment of this profile."""
    settings = CibaSettings(issuer=ISSUER, profile="fapi-ciba", mutual_tls=MTLS)
    async with make_world(sqlite_database, key_material, settings) as world:
        signer = await add_signer(world, request_alg="ES256", certificate_bound=True)
        yield replace(signer, connection=self_signed("signer", now=NOON).headers)


def refused(**changes: Any) -> str:
    """Return which setting of a client the profile refuses; nothing where it is taken."""
    try:
        POLICY.check(NewClient(**{**GOOD, **changes}))
    except ClientInvalid as error:
        return error.setting
    return ""


async def answered(client: Signer, **claims: Any) -> tuple[int, str]:
    told = {"binding_message": "Order 17", **claims}
    answer = await client.ask_signed(client.request_object(**told))
    return (200, "") if answer.status_code == 200 else as_error(answer)


@requirement(
    104,
    "Only confidential clients: each proves itself",
    Mutation("protocols/oauth2/client_registration.py", "self.auth_method in (None, *AUTH_METHODS)", "True"),
)
async def test_104_only_confidential_clients() -> None:
    with pytest.raises(ClientInvalid) as caught:
        NewClient(client_id="app", secret="s" * 40, auth_method="none").check()
    assert caught.value.setting == "auth_method"


@requirement(
    105,
    "A request has a context of its own, or a binding_message",
    Mutation(
        "protocols/oauth2_ciba/parameters.py",
        "elif profile.context_required and not sent.has_context:",
        "elif not sent:",
    ),
    Mutation(
        "protocols/oauth2_ciba/sent_parameters.py",
        'has_context=bool(claims.get("request_context"))',
        "has_context=False",
    ),
)
async def test_105_a_request_can_be_told_apart(strict: Signer) -> None:
    assert await answered(strict, binding_message=...) == REFUSED
    assert await answered(strict) == (200, "")
    assert await answered(strict, binding_message=..., request_context={"order": 17}) == (200, "")


@requirement(
    106,
    "No push",
    Mutation(PROFILES, 'delivery_modes=("poll", "ping"),', 'delivery_modes=("poll", "ping", "push"),'),
)
async def test_106_no_push(strict: Signer) -> None:
    assert refused(delivery_mode="push", notification_endpoint=ENDPOINT) == "delivery_mode"
    told = await strict.world.http.get("/.well-known/openid-configuration")
    assert "push" not in told.json()["backchannel_token_delivery_modes_supported"]


@requirement(
    107,
    "Poll is there",
    Mutation(PROFILES, 'delivery_modes=("poll", "ping"),', 'delivery_modes=("ping",),'),
)
async def test_107_poll_is_there(strict: Signer) -> None:
    assert refused() == ""
    asked = await strict.ask_signed(strict.request_object(binding_message="Order 17"))
    auth_req_id = asked.json()["auth_req_id"]
    await strict.world.approve(auth_req_id)
    assert (await strict.poll(auth_req_id)).status_code == 200


@requirement(
    108,
    "Ping may be there, and is",
    Mutation(PROFILES, 'delivery_modes=("poll", "ping"),', 'delivery_modes=("poll",),'),
)
async def test_108_ping_is_there() -> None:
    assert refused(delivery_mode="ping", notification_endpoint=ENDPOINT) == ""


@requirement(
    109,
    "Requests are signed: an unsigned one is `invalid_request`",
    Mutation(PROFILES, "signed_requests=True,", "signed_requests=False,"),
)
async def test_109_requests_are_signed(strict: Signer) -> None:
    assert refused(request_alg=None) == "request_alg"
    assert as_error(await strict.ask(binding_message="Order 17")) == REFUSED


@requirement(
    109,
    "Under draft 03 a request may be signed or not",
    Mutation(PROFILES, 'name="fapi-ciba-draft-03", signed_requests=False)', 'name="fapi-ciba-draft-03")'),
)
async def test_109_the_draft_lets_requests_be_unsigned(sqlite_database: Database, key_material: KeyMaterial) -> None:
    settings = CibaSettings(issuer=ISSUER, profile="fapi-ciba-draft-03", mutual_tls=MTLS)
    async with make_world(sqlite_database, key_material, settings) as world:
        signer = await add_signer(world, certificate_bound=True)
        held = replace(signer, connection=self_signed("signer", now=NOON).headers)
        assert as_error(await held.ask()) == REFUSED, "all else is as strict"
        assert (await held.ask(binding_message="Order 17")).status_code == 200


@requirement(
    110,
    "A signed request has nbf and exp at most 60 minutes apart, and is neither over nor to come",
    Mutation(OBJECTS, "if exp - nbf > life or exp - at > life + skew:", "if exp - at > life + skew:"),
    Mutation(OBJECTS, "    if exp <= at - skew:", "    if exp <= 0:"),
    Mutation(OBJECTS, "    if nbf > at + skew or iat > at + skew:", "    if iat > at + skew:"),
)
async def test_110_a_signed_request_lives_an_hour_at_most(strict: Signer) -> None:
    at = int(strict.world.clock.now().timestamp())
    assert await answered(strict, nbf=at - 60, exp=at + 3540) == (200, "")
    for wrong in (
        {"exp": at - 600},
        {"nbf": at + 600, "exp": at + 900},
        {"nbf": at - 3600, "exp": at + 60},
        {"nbf": ...},
    ):
        assert await answered(strict, **wrong) == REFUSED, wrong


@requirement(
    111,
    "The person is authenticated as the deployment's flow does it; an approval without methods is none",
    Mutation("protocols/oauth2/assertion_checks.py", 'bool(e.names("methods"))', "True"),
)
async def test_111_an_approval_needs_an_authentication(strict: Signer) -> None:
    world = strict.world
    asked = await strict.ask_signed(strict.request_object(binding_message="Order 17"))
    auth_req_id = asked.json()["auth_req_id"]
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id, methods=[])
    assert not (await world.receive(world.assertion_key.sign(claims))).accepted


@requirement(
    112,
    "Where acr was asked for, the ID token has it",
    Mutation("protocols/oauth2/tokens.py", "    if acr is not None:", '    if acr == "":'),
)
async def test_112_acr_is_returned(strict: Signer) -> None:
    claims: dict[str, Any] = {"binding_message": "Order 17", "acr_values": "urn:lockhouse:acr:pwd"}
    asked = await strict.ask_signed(strict.request_object(**claims))
    auth_req_id = asked.json()["auth_req_id"]
    await strict.world.approve(auth_req_id)
    tokens = (await strict.poll(auth_req_id)).json()
    assert claims_of(tokens["id_token"])["acr"] == "urn:lockhouse:acr:pwd"


@requirement(
    113,
    "`request_context` may be required: it is one of the two ways to tell a request apart",
    Mutation(PROFILES, "context_required=True,", "context_required=False,"),
)
async def test_113_a_context_is_required(strict: Signer) -> None:
    assert await answered(strict, binding_message=..., request_context=...) == REFUSED


@requirement(
    115,
    "`backchannel_endpoint_login_hint_token_types` is optional: unknown metadata is ignored, and ours claims none",
    Mutation(
        "protocols/oauth2/metadata.py",
        '"claims_parameter_supported": False,',
        '"backchannel_endpoint_login_hint_token_types_supported": [],',
    ),
)
async def test_115_no_types_of_hints_are_claimed(strict: Signer) -> None:
    told = (await strict.world.http.get("/.well-known/openid-configuration")).json()
    assert "backchannel_endpoint_login_hint_token_types_supported" not in told


@requirement(
    116,
    "Clients prove themselves by keys alone, RSA keys of 2048 bits or more, and requests are for our issuer",
    Mutation(PROFILES, 'auth_methods=("private_key_jwt",', 'auth_methods=("client_secret_jwt", "private_key_jwt",'),
    Mutation("protocols/oauth2/key_sets.py", "_LEAST_RSA_BITS = 2048", "_LEAST_RSA_BITS = 1024"),
)
async def test_116_keys_and_no_secrets(strict: Signer) -> None:
    secret = {"secret": "s" * 40, "jwks": None, "request_alg": None}
    assert refused(**secret, auth_method="client_secret_jwt") == "auth_method"
    assert refused(jwks=SHORT_KEY) == "jwks"
    assert await answered(strict, aud=f"{ISSUER}/oauth2/bc-authorize") == REFUSED
    assert as_error(await strict.world.ask()) == (401, "invalid_client")


@requirement(
    117,
    "PS256 or ES256 for ID tokens, assertions and requests; nothing is encrypted",
    Mutation(PROFILES, 'signing_algs=("PS256", "ES256"),', 'signing_algs=("PS256", "ES256", "RS256"),'),
)
async def test_117_two_algorithms() -> None:
    assert refused(request_alg="RS256") == "request_alg"
    assert refused(auth_alg="RS256") == "auth_alg"
    assert refused(id_token_alg="PS256") == ""
    assert refused(id_token_alg="ES256", auth_alg="PS256") == ""


@requirement(
    120,
    "An assertion for our issuer is taken, and one that was made ten seconds from now; not one of a minute from now",
    Mutation("protocols/oauth2/client_assertions.py", "SKEW = timedelta(seconds=30)", "SKEW = timedelta(seconds=5)"),
    Mutation(
        "protocols/oauth2/client_assertions.py",
        "not _is_moment(moment) or moment > at + skew",
        "not _is_moment(moment)",
    ),
)
async def test_120_clocks_may_differ_a_little(world: World) -> None:
    client = await add_signer(world)
    at = int(world.clock.now().timestamp())
    form = {"scope": "openid", "login_hint": "ann"}
    soon = await world.http.post("/oauth2/bc-authorize", data={**form, **client.proof(iat=at + 10, nbf=at + 10)})
    assert soon.status_code == 200
    late = await world.http.post("/oauth2/bc-authorize", data={**form, **client.proof(iat=at + 61)})
    assert as_error(late) == (401, "invalid_client")
