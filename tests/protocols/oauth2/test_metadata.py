"""Discovery (requirements 1 to 7)."""

from dataclasses import replace

import pytest

from protocols.oauth2 import PROFILES, STANDARD_SCOPES
from protocols.oauth2.client_registration import DELIVERY_MODES
from protocols.oauth2.metadata import Offers, metadata
from tests.protocols.world import ISSUER, World

pytestmark = pytest.mark.anyio

OFFERS = Offers(issuer=ISSUER, scopes=tuple(STANDARD_SCOPES), acr_values=(), algorithms=("ES256", "RS256"))
USER_CODE = "backchannel_user_code_parameter_supported"

PATHS = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]


@pytest.mark.parametrize("path", PATHS)
async def test_the_document_tells_what_the_server_does(small_world: World, path: str) -> None:
    answer = await small_world.http.get(path)
    told = answer.json()
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert told["issuer"] == ISSUER
    assert told["backchannel_token_delivery_modes_supported"] == list(DELIVERY_MODES)
    assert told["backchannel_authentication_endpoint"] == f"{ISSUER}/oauth2/bc-authorize"
    assert "urn:openid:params:grant-type:ciba" in told["grant_types_supported"]
    methods = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
    assert told["token_endpoint_auth_methods_supported"] == methods
    algorithms = ["RS256", "PS256", "ES256", "EdDSA", "HS256"]
    assert told["token_endpoint_auth_signing_alg_values_supported"] == algorithms
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]
    signed = told["backchannel_authentication_request_signing_alg_values_supported"]
    assert signed == ["RS256", "PS256", "ES256", "EdDSA"]
    assert told["backchannel_user_code_parameter_supported"] is False
    assert "registration_endpoint" not in told


async def test_every_endpoint_that_is_named_is_there(small_world: World) -> None:
    """Requirement 2 and the rest: whatever ends in ``_endpoint`` or ``_uri`` answers."""
    told = (await small_world.http.get(PATHS[0])).json()
    named = [value for name, value in told.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(named) == 6
    for address in named:
        assert address.startswith(f"{ISSUER}/")
        assert (await small_world.http.get(address)).status_code in (200, 401, 405)


@pytest.mark.parametrize("issuer", ["https://op.example", "https://op.example/tenant", "https://op.example/"])
def test_addresses_derive_from_the_issuer_and_the_issuer_is_word_for_word(issuer: str) -> None:
    """Requirement 7."""
    told = metadata(replace(OFFERS, issuer=issuer))
    assert (told["issuer"], told["id_token_signing_alg_values_supported"]) == (issuer, ["ES256", "RS256"])
    assert told["token_endpoint"] == issuer.rstrip("/") + "/oauth2/token"


def test_a_profile_leaves_what_it_does_not_allow_unsaid() -> None:
    """Requirements 106, 109, 116 and 117."""
    told = metadata(replace(OFFERS, profile="fapi-ciba", algorithms=("PS256",), signed_requests=True))
    assert "dpop_signing_alg_values_supported" in metadata(OFFERS)
    assert "dpop_signing_alg_values_supported" not in told  # its tokens are bound to certificates
    for endpoint in ("token", "introspection", "revocation"):
        assert told[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        assert told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] == ["PS256", "ES256"]
    assert told["backchannel_authentication_request_signing_alg_values_supported"] == ["PS256", "ES256"]
    assert "push" not in told["backchannel_token_delivery_modes_supported"]
    assert "poll" in told["backchannel_token_delivery_modes_supported"]


def test_what_is_off_is_not_told_of() -> None:
    """Requirement 3: where the algorithms are absent, no request may be signed."""
    told, on = metadata(OFFERS), metadata(replace(OFFERS, registers=True, user_codes=True, signed_requests=True))
    assert set(on) - set(told) == {
        "registration_endpoint",
        "backchannel_authentication_request_signing_alg_values_supported",
    }
    assert (told[USER_CODE], on[USER_CODE]) == (False, True)


@pytest.mark.parametrize("profile", PROFILES)
def test_only_asymmetric_algorithms_sign_requests(profile: str) -> None:
    """Requirement 3."""
    told = metadata(replace(OFFERS, profile=profile, signed_requests=True))
    signed = told["backchannel_authentication_request_signing_alg_values_supported"]
    assert not any(name.startswith("HS") or name == "none" for name in signed)
