"""What one deployment allows of what clients can be (requirements 104 to 109, 116, 117)."""

from dataclasses import replace

import pytest

from protocols.oauth2 import ClientInvalid, ClientPolicy, NewClient
from protocols.oauth2.mutual_tls import MutualTls
from tests.fixtures.authority import Authority
from tests.protocols.world import NOON

SCOPES = ("openid", "profile", "email", "phone")
MTLS = MutualTls(accepted=True)
CORE = ClientPolicy(profile="core", scopes=SCOPES, algorithms=("RS256", "PS256"), mutual_tls=MTLS)
FAPI = ClientPolicy(profile="fapi-ciba", scopes=SCOPES, algorithms=("PS256",), mutual_tls=MTLS)
SHOP = NewClient(client_id="shop", secret="s" * 43)
BANK = NewClient(
    client_id="bank",
    auth_method="private_key_jwt",
    auth_alg="PS256",
    request_alg="ES256",
    jwks_uri="https://bank.example/jwks",
    id_token_alg="PS256",
    certificate_bound=True,
)


def refused(policy: ClientPolicy, client: NewClient, **changes: object) -> str:
    with pytest.raises(ClientInvalid) as error:
        policy.check(replace(client, **changes))  # type: ignore[arg-type] # wrong on purpose
    assert error.value.expected in str(error.value)
    return error.value.setting


def test_what_the_deployment_has_is_allowed() -> None:
    CORE.check(SHOP)
    CORE.check(BANK)
    CORE.check(replace(BANK, profile="fapi-ciba"))
    FAPI.check(BANK)
    FAPI.check(replace(BANK, profile="fapi-ciba", auth_alg=None, id_token_alg=None))


def test_a_scope_or_an_algorithm_that_the_settings_do_not_know_is_named() -> None:
    assert refused(CORE, SHOP, scopes=("openid", "paymnet")) == "scopes"
    assert refused(CORE, SHOP, id_token_alg="ES256") == "id_token_alg"


def test_a_client_is_never_laxer_than_its_deployment() -> None:
    assert refused(FAPI, BANK, profile="core") == "profile"
    assert refused(CORE, BANK, profile="fapi-3") == "profile"


@pytest.mark.parametrize("policy", [FAPI, CORE])
@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("auth_method", {"auth_method": None, "auth_alg": None, "secret": "s" * 43}),
        ("auth_method", {"auth_method": "client_secret_jwt", "auth_alg": "HS256", "secret": "s" * 43}),
        ("auth_alg", {"auth_alg": "RS256"}),
        ("auth_alg", {"auth_alg": "EdDSA"}),
        ("request_alg", {"request_alg": None}),
        ("request_alg", {"request_alg": "RS256"}),
        ("binding_max", {"binding_max": 65}),
        ("certificate_bound", {"certificate_bound": False}),
        ("certificate_bound", {"certificate_bound": False, "dpop_bound": True}),
    ],
)
def test_fapi_ciba_binds_by_deployment_or_by_client(
    policy: ClientPolicy, setting: str, change: dict[str, object]
) -> None:
    """Requirements 109, 116 and 117; tokens bound by DPoP are not what FAPI-CIBA asks for."""
    assert refused(policy, BANK, profile="fapi-ciba", **change) == setting


def test_an_id_token_is_signed_by_what_the_profile_allows() -> None:
    """Requirement 117: the deployment's first algorithm will not do where the client leaves it open."""
    assert refused(CORE, BANK, profile="fapi-ciba", id_token_alg=None) == "id_token_alg"
    assert refused(CORE, BANK, profile="fapi-ciba", id_token_alg="RS256") == "id_token_alg"


def test_certificates_are_for_deployments_with_a_terminator() -> None:
    named = {"auth_method": "tls_client_auth", "auth_alg": None, "request_alg": None, "tls_subject_dn": "CN=bank"}
    without = replace(CORE, mutual_tls=MutualTls())
    anchored = replace(CORE, mutual_tls=replace(MTLS, anchors=(Authority("Root", NOON).certificate,)))

    assert refused(without, BANK) == "certificate_bound"
    assert refused(without, BANK, certificate_bound=False, **named) == "auth_method"
    assert refused(CORE, BANK, **named) == "auth_method"
    anchored.check(replace(BANK, **named))  # type: ignore[arg-type] # of several kinds
