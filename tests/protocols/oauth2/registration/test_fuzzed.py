"""Whatever is sent to be registered: a client, or a documented error; never a 500."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth2 import ClientPolicy, Clients, OAuthError
from protocols.oauth2.metadata_members import read_object
from protocols.oauth2.registration import Registration, RegistrationRules
from tests.protocols.oauth2.registration.conftest import KEYED, POLL, SCOPES, Registrar, inline_keys
from tests.protocols.world import KEYRING

NAMES = (
    *("client_name", "scope", "grant_types", "response_types", "redirect_uris", "contacts", "jwks", "jwks_uri"),
    *("token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "subject_type", "sector_identifier_uri"),
    *("backchannel_token_delivery_mode", "backchannel_client_notification_endpoint", "logo_uri", "software_id"),
    *("backchannel_authentication_request_signing_alg", "backchannel_user_code_parameter", "software_statement"),
    *("id_token_signed_response_alg", "client_id", "client_secret", "dpop_bound_access_tokens"),
)
WORDS = (
    *("", "poll", "ping", "push", "openid", "private_key_jwt", "client_secret_jwt", "ES256", "HS256", "pairwise"),
    *("https://a.example/x", "http://a", "https://[", "javascript:x", "\0", "\ud800", "\u2028", '"\\', "é" * 90),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(("keys", "kty")), inner),
    max_leaves=12,
)
KEYS = st.fixed_dictionaries(
    {},
    optional={
        name: VALUES | st.sampled_from(("RSA", "EC", "OKP", "P-256", "Ed25519", "sig", "AQAB", "ES256"))
        for name in ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "x5c", "d")
    },
)
METADATA = st.dictionaries(st.sampled_from(NAMES), VALUES | KEYS.map(lambda key: {"keys": [key]})) | st.builds(
    lambda key: {**POLL, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}}, KEYS
)
POLICY = ClientPolicy(profile="core", scopes=SCOPES, algorithms=("RS256",))
REGISTRATION = Registration(
    rules=RegistrationRules(mode="open"),
    policy=POLICY,
    clients=Clients(keyring=KEYRING),
    remove=lambda *_: False,
    issuer="https://op.example",
)
ERRORS = {"invalid_client_metadata", "invalid_redirect_uri", "unapproved_software_statement", None}


def error_of(act: Callable[[], object]) -> str | None:
    """Return the documented error that *act* raises, None where it raises nothing."""
    try:
        act()
    except OAuthError as error:
        return error.error
    return None


@given(METADATA, st.booleans())
def test_metadata_is_a_client_or_a_documented_error(metadata: dict[str, Any], keyed: bool) -> None:
    sent = json.dumps({**(KEYED if keyed else POLL), **metadata}).encode()
    assert error_of(lambda: REGISTRATION.describe(read_object(sent), SCOPES)) in ERRORS


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_an_object_or_a_documented_error(body: bytes) -> None:
    assert error_of(lambda: read_object(body)) in {None, "invalid_client_metadata"}


@pytest.mark.anyio
async def test_what_is_stored_comes_back(small_registrar: Registrar) -> None:
    """What metadata lets through, both the database and the answer can hold."""
    for number, text in enumerate(("é" * 80, "\U0001f600", "a'b;--", "%00")):
        told = await small_registrar.registered(client_name=text, software_id=text, jwks=inline_keys())
        assert (told["client_name"], told["software_id"]) == (text, text), number
