"""Each member of the metadata, and that what it names works: none without a test of it (requirements 1 to 7)."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
import jwt
import pytest

from engine.storage import Database
from protocols.oauth2 import AUTH_METHODS, KeyMaterial, RegistrationRules
from protocols.oauth2.client_certificates import ClientCertificate
from protocols.oauth2.client_registration import TLS_METHODS
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2_ciba import CibaSettings
from tests.fixtures.authority import Authority, self_signed
from tests.protocols.changed import REFRESHING, change, claims_in, given, introspection, userinfo
from tests.protocols.oauth2.registration.conftest import POLL, REGISTER
from tests.protocols.oauth2_ciba.signed import object_of, send, signed
from tests.protocols.provers import fresh, prove
from tests.protocols.signers import CLIENT, KEYS, SECRET, Signer, form_of, jwks, register
from tests.protocols.world import GRANT, ISSUER, NOON, SECRETS, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio

Check = Callable[[World, Any], Awaitable[None]]
CHECKS: dict[str, Check] = {}
# Its clients register themselves, and have certificates; its ID tokens are signed by two algorithms.
ROOT = Authority("Root", NOON)
BY_NAME, BY_KEY, MTLS = ROOT.issue("signer"), self_signed("signer", now=NOON), "https://mtls.op.example"
SETTINGS = CibaSettings(
    issuer=ISSUER,
    registration=RegistrationRules(mode="open"),
    mutual_tls=MutualTls(accepted=True, anchors=(ROOT.certificate,), address=MTLS),
)


def member(*names: str) -> Callable[[Check], Check]:
    def noted(check: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return noted


@pytest.fixture
async def offering_world(sqlite_database: Database, key_material: KeyMaterial) -> Any:
    async with make_world(sqlite_database, key_material, SETTINGS) as made:
        yield made


async def told_by(world: World) -> dict[str, Any]:
    return dict((await world.http.get("/.well-known/openid-configuration")).json())


async def test_every_member_has_a_test_of_what_it_names(offering_world: World) -> None:
    assert set(await told_by(offering_world)) == set(CHECKS)


@member("issuer")
async def the_issuer(world: World, value: str) -> None:
    assert claims_in((await given(world))["id_token"])["iss"] == value == ISSUER


@member("jwks_uri")
async def the_keys(world: World, value: str) -> None:
    keys = jwt.PyJWKSet.from_dict((await world.http.get(value)).json())
    token = (await given(world))["id_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key, audience=SHOP, algorithms=["RS256"], options=options)["sub"] == "sub-ann"  # type: ignore[arg-type]


@member("userinfo_endpoint")
async def the_userinfo(world: World, value: str) -> None:
    token = (await given(world))["access_token"]
    answer = await world.http.get(value, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["sub"] == "sub-ann"


@member("token_endpoint", "backchannel_authentication_endpoint")
async def the_endpoints_of_a_journey(world: World, value: str) -> None:
    assert (await given(world))["token_type"] == "Bearer"
    assert (await world.http.post(value)).status_code == 400
    assert (await world.http.get(value)).status_code == 405


@member("introspection_endpoint")
async def the_introspection(world: World, value: str) -> None:
    token = (await given(world))["access_token"]
    assert (await world.post(value.removeprefix(ISSUER), {"token": token})).json()["active"] is True


@member("revocation_endpoint")
async def the_revocation(world: World, value: str) -> None:
    token = (await given(world))["access_token"]
    assert (await world.post(value.removeprefix(ISSUER), {"token": token})).status_code == 200
    assert await introspection(world, token) == {"active": False}


@member("registration_endpoint")
async def the_registration(world: World, value: str) -> None:
    assert value == f"{ISSUER}{REGISTER}"
    assert (await world.http.post(value, json=dict(POLL))).status_code == 201


@member(*(f"{endpoint}_endpoint_auth_methods_supported" for endpoint in ("token", "introspection", "revocation")))
async def the_methods(world: World, value: list[str]) -> None:
    assert value == list(AUTH_METHODS)
    for path, wanted in (("token", 400), ("introspect", 200), ("revoke", 200), ("bc-authorize", 400)):
        for method in value:
            form = {"token": "x", "grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": "a" * 43}
            answer = await proven(world, method, f"/oauth2/{path}", form)
            assert answer.status_code == wanted, (path, method, answer.text)


async def proven(world: World, method: str, path: str, form: Mapping[str, str]) -> httpx2.Response:
    """Send *form* as a client that is registered for *method*, and prove it that way."""
    if method in TLS_METHODS:
        return await certified(world, method, path, form)
    keyed = method == "private_key_jwt"
    secret = None if keyed else SECRET
    await world.database.run(lambda unit: world.records.clients.remove(unit, CLIENT, now=NOON))
    await register(world, auth_method=method, secret=secret, jwks=jwks(KEYS["ES256"]) if keyed else None)
    if method == "client_secret_basic":
        return await world.http.post(path, data=dict(form), auth=(CLIENT, SECRET))
    if method == "client_secret_post":
        return await world.http.post(path, data={**form, "client_id": CLIENT, "client_secret": SECRET})
    signer = Signer.with_key(KEYS["ES256"]) if keyed else Signer(key=SECRET, headers={})
    return await world.http.post(path, data={**form, **form_of(signer.sign())})


async def certified(world: World, method: str, path: str, form: Mapping[str, str]) -> httpx2.Response:
    """The same for a client with a certificate."""
    named, key_set = method == "tls_client_auth", json.dumps({"keys": [BY_KEY.jwk]})
    await world.database.run(lambda unit: world.records.clients.remove(unit, CLIENT, now=NOON))
    known = {"tls_subject_dn": "CN=signer,O=Shop Ltd"} if named else {"jwks": key_set}
    await register(world, auth_method=method, **known)
    held = BY_NAME if named else BY_KEY
    return await world.http.post(path, data={**form, "client_id": CLIENT}, headers=held.headers)


@member("tls_client_certificate_bound_access_tokens")
async def the_tokens_bound_to_certificates(world: World, value: bool) -> None:
    assert value is True
    await change(world, certificate_bound=1)
    answer = await world.poll(await world.approved(client=SHOP))
    assert as_error(answer) == (400, "invalid_request")
    form = {"grant_type": GRANT, "auth_req_id": await world.approved(client=SHOP)}
    tokens = await world.post("/oauth2/token", form, **BY_KEY.headers)
    thumbprint = ClientCertificate(BY_KEY.der).thumbprint
    assert claims_in(tokens.json()["access_token"])["cnf"] == {"x5t#S256": thumbprint}


@member("dpop_signing_alg_values_supported")
async def the_algorithms_of_proofs(world: World, value: list[str]) -> None:
    assert value == list(KEYS)
    for algorithm in value:
        key = KEYS[algorithm]
        answer = await prove(world, await world.approved(), fresh(world, key))
        assert answer.json()["token_type"] == "DPoP", answer.text


@member("mtls_endpoint_aliases")
async def the_aliases(world: World, value: dict[str, str]) -> None:
    told = await told_by(world)
    assert {"token_endpoint", "backchannel_authentication_endpoint", "userinfo_endpoint"} <= set(value)
    assert "authorization_endpoint" not in value
    assert value == {member: told[member].replace(ISSUER, MTLS) for member in value}
    await register(world, jwks=jwks(KEYS["ES256"]))
    for member in ("token_endpoint", "backchannel_authentication_endpoint"):
        sent = {"token": "x", **form_of(Signer.with_key(KEYS["ES256"]).sign(aud=value[member]))}
        assert (await world.http.post("/oauth2/introspect", data=sent)).status_code == 200


@member(
    *(f"{endpoint}_endpoint_auth_signing_alg_values_supported" for endpoint in ("token", "introspection", "revocation"))
)
async def the_algorithms_of_assertions(world: World, value: list[str]) -> None:
    assert value == [*KEYS, "HS256"]
    await register(world, jwks=jwks(*KEYS.values()))
    for algorithm in KEYS:
        form = {"token": "x", **form_of(Signer.with_key(KEYS[algorithm]).sign())}
        answer = await world.http.post("/oauth2/introspect", data=form)
        assert (answer.status_code, answer.json()) == (200, {"active": False}), algorithm
    assert (await proven(world, "client_secret_jwt", "/oauth2/introspect", {"token": "x"})).status_code == 200


@member("backchannel_token_delivery_modes_supported")
async def the_modes(world: World, value: list[str]) -> None:
    assert value == ["poll", "ping", "push"]
    for mode in value:
        endpoint = {} if mode == "poll" else {"backchannel_client_notification_endpoint": "https://a.example/told"}
        metadata = {"backchannel_token_delivery_mode": mode, **endpoint}
        told = (await world.http.post(REGISTER, json=metadata)).json()
        asked = await world.http.post(
            "/oauth2/bc-authorize",
            data={"scope": "openid", "login_hint": "ann", "client_notification_token": "t" * 43},
            auth=(told["client_id"], told["client_secret"]),
        )
        assert asked.status_code == 200, asked.text
        assert ("interval" in asked.json()) == (mode != "push")


@member("backchannel_authentication_request_signing_alg_values_supported")
async def the_algorithms_of_requests(world: World, value: list[str]) -> None:
    assert value == list(KEYS)
    for algorithm in value:
        await world.database.run(lambda unit: world.records.clients.remove(unit, CLIENT, now=NOON))
        await register(world, auth_method=None, secret=SECRET, jwks=jwks(KEYS[algorithm]), request_alg=algorithm)
        answer = await send(world, signed(object_of(world), KEYS[algorithm]))
        assert answer.status_code == 200, answer.text
        world.clock.forward(60)


@member("backchannel_user_code_parameter_supported")
async def the_user_codes(world: World, value: bool) -> None:
    """The people of this world have none; with a directory that knows some it is true (tests/lockhouse)."""
    assert value is False
    assert (await world.ask(user_code="1234")).status_code == 200


@member("grant_types_supported")
async def the_grants(world: World, value: list[str]) -> None:
    assert set(value) == {"urn:openid:params:grant-type:ciba", "refresh_token"}
    await change(world, **REFRESHING)
    tokens = await given(world, scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await world.post("/oauth2/token", form)).status_code == 200
    other = await world.post("/oauth2/token", {"grant_type": "authorization_code"})
    assert as_error(other) == (400, "unsupported_grant_type")


@member("response_types_supported")
async def no_response_types(world: World, value: list[str]) -> None:
    assert value == []
    assert "authorization_endpoint" not in await told_by(world)


@member("subject_types_supported")
async def the_subject_types(world: World, value: list[str]) -> None:
    assert value == ["public", "pairwise"]
    assert claims_in((await given(world))["id_token"])["sub"] == "sub-ann"
    await change(world, subject_type="pairwise", sector="shop.example")
    assert claims_in((await given(world))["id_token"])["sub"] != "sub-ann"


@member("id_token_signing_alg_values_supported")
async def the_algorithms_of_id_tokens(world: World, value: list[str]) -> None:
    assert value == list(world.signing_keys.algorithms)
    for algorithm in value:
        await change(world, id_token_alg=algorithm)
        assert jwt.get_unverified_header((await given(world))["id_token"])["alg"] == algorithm


@member("scopes_supported")
async def the_scopes(world: World, value: list[str]) -> None:
    assert value == list(world.settings.scopes)
    told = (await world.http.post(REGISTER, json={**POLL, "scope": " ".join(value)})).json()
    asked = await world.http.post(
        "/oauth2/bc-authorize",
        data={"scope": " ".join(value), "login_hint": "ann"},
        auth=(told["client_id"], told["client_secret"]),
    )
    assert asked.status_code == 200, asked.text


@member("acr_values_supported")
async def the_contexts(world: World, value: list[str]) -> None:
    assert claims_in((await given(world, acr_values=value[0]))["id_token"])["acr"] in value


@member("claims_supported")
async def the_claims(world: World, value: list[str]) -> None:
    tokens = await given(world)
    claims = set(claims_in(tokens["id_token"])) | set((await userinfo(world, tokens["access_token"])).json())
    ours = {name for name in claims if not name.startswith("urn:") and name not in {"jti", "at_hash", "azp"}}
    assert ours <= set(value)
    assert {"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "name"} <= ours


@member("claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported")
async def what_is_not_there(world: World, value: bool) -> None:
    assert value is False
    assert as_error(await world.ask(request_uri="https://a.example/request")) == (400, "invalid_request")
    assert (await world.ask(claims='{"userinfo": {}}')).status_code == 200


@pytest.mark.parametrize("name", CHECKS)
async def test_what_a_member_names_works(offering_world: World, name: str) -> None:
    await CHECKS[name](offering_world, (await told_by(offering_world))[name])


async def test_secrets_stay_out_of_it(offering_world: World) -> None:
    text = (await offering_world.http.get("/.well-known/openid-configuration")).text
    assert not [secret for secret in SECRETS.values() if secret in text]
