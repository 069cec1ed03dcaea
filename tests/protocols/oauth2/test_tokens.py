"""ID tokens and access tokens (requirements 55, 57, 99, 144, 145, 154)."""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from protocols.oauth2 import Approval, SigningKey, Subject, TokenOrder, TokenPolicy, build_tokens
from protocols.oauth2.tokens import half_hash
from tests.protocols.world import ISSUER, NOON

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY = SigningKey(kid="k1", algorithm="RS256", private_key=PRIVATE)
POLICY = TokenPolicy(
    issuer=ISSUER,
    audience="https://api.example",
    access_token_life=timedelta(minutes=5),
    id_token_life=timedelta(minutes=2),
)
APPROVAL = Approval(
    user_id="sub-ann",
    client_id="shop",
    scopes=("openid", "email"),
    auth_time=NOON - timedelta(seconds=3),
    methods=("pwd",),
    acr="urn:acr",
)
ORDER = TokenOrder(approval=APPROVAL, subject=Subject("sub-ann", "sub-ann"), policy=POLICY, key=KEY, jti="j1", now=NOON)
NOW = int(NOON.timestamp())


def decoded(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


def test_an_access_token_has_every_claim_that_rfc_9068_demands() -> None:
    """Requirements 144 and 145."""
    tokens = build_tokens(ORDER)
    assert jwt.get_unverified_header(tokens.access_token) == {"alg": "RS256", "kid": "k1", "typ": "at+jwt"}
    assert decoded(tokens.access_token) == {
        "iss": ISSUER,
        "sub": "sub-ann",
        "aud": "https://api.example",
        "client_id": "shop",
        "scope": "openid email",
        "jti": "j1",
        "iat": NOW,
        "exp": NOW + 300,
        "auth_time": NOW - 3,
        "amr": ["pwd"],
        "acr": "urn:acr",
    }


def test_an_id_token_is_for_the_client_and_names_its_access_token() -> None:
    """Requirement 57."""
    tokens = build_tokens(replace(ORDER, auth_req_id="a1"))
    assert jwt.get_unverified_header(tokens.id_token) == {"alg": "RS256", "kid": "k1", "typ": "JWT"}
    claims = decoded(tokens.id_token)
    assert (claims["aud"], claims["exp"], claims["sub"]) == ("shop", NOW + 120, "sub-ann")
    assert claims["urn:openid:params:jwt:claim:auth_req_id"] == "a1"
    digest = hashlib.sha256(tokens.access_token.encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(APPROVAL, methods=(), acr=None)
    claims = decoded(build_tokens(replace(ORDER, approval=bare)).id_token)
    assert {"amr", "acr", "urn:openid:params:jwt:claim:auth_req_id"}.isdisjoint(claims)


def test_the_token_response_names_type_life_and_scope() -> None:
    """Requirement 55."""
    answer = build_tokens(ORDER).answer()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 300, "openid email")
    assert "refresh_token" not in answer


@pytest.mark.parametrize(
    ("algorithm", "function"),
    [("RS256", "sha256"), ("PS384", "sha384"), ("ES512", "sha512"), ("EdDSA", "sha512"), ("Ed25519", "sha512")],
)
def test_at_hash_uses_the_hash_of_the_signature(algorithm: str, function: str) -> None:
    """Requirement 154."""
    digest = hashlib.new(function, b"token").digest()
    left = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    assert half_hash("token", algorithm) == left


def test_at_hash_is_right_for_the_example_of_the_specification() -> None:
    """OpenID Connect Core, appendix A.3."""
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_another_kind_of_key_signs_as_well() -> None:
    key = SigningKey(kid="e", algorithm="EdDSA", private_key=ed25519.Ed25519PrivateKey.generate())
    tokens = build_tokens(replace(ORDER, key=key))
    jwt.decode(
        tokens.id_token,
        key.private_key.public_key(),
        algorithms=["EdDSA"],
        audience="shop",
        options={"verify_exp": False, "verify_iat": False},
    )


def test_an_id_token_names_its_refresh_token() -> None:
    """Requirement 80."""
    tokens = build_tokens(replace(ORDER, refresh_token="r1"))
    claims = decoded(tokens.id_token)
    assert claims["urn:openid:params:jwt:claim:rt_hash"] == half_hash("r1", "RS256")
    assert tokens.answer()["refresh_token"] == "r1"


def test_resources_are_the_audience_and_one_of_them_is_no_list() -> None:
    """RFC 8707 section 2: the access token is for what was asked for, or for the whole of what was approved."""
    both = replace(APPROVAL, resources=("https://a.example", "https://b.example"))
    assert decoded(build_tokens(replace(ORDER, approval=both)).access_token)["aud"] == list(both.resources)
    one = build_tokens(replace(ORDER, approval=both, resources=("https://b.example",)))
    assert decoded(one.access_token)["aud"] == "https://b.example"


def test_the_access_token_of_an_agent_says_who_acts() -> None:
    """Requirement 128, RFC 8693 section 4.1. The client needs no ID token to know that it is an agent."""
    tokens = build_tokens(replace(ORDER, acts=True))
    assert decoded(tokens.access_token)["act"] == {"sub": "shop"}
    assert "act" not in decoded(tokens.id_token)


def test_a_pairwise_name_is_the_only_one_that_tokens_tell() -> None:
    tokens = build_tokens(replace(ORDER, subject=Subject("sub-ann", "p1", "shop.example")))
    for token in (tokens.access_token, tokens.id_token):
        assert decoded(token)["sub"] == "p1"
        assert "sub-ann" not in str(decoded(token))


def test_an_opaque_access_token_is_given_as_it_is_and_bound_to_the_id_token() -> None:
    tokens = build_tokens(replace(ORDER, opaque="random"))
    assert (tokens.answer()["access_token"], tokens.opaque) == ("random", True)
    assert decoded(tokens.id_token)["at_hash"] == half_hash("random", "RS256")


def test_tokens_do_not_show_in_a_repr() -> None:
    tokens = build_tokens(ORDER)
    assert tokens.access_token not in repr(tokens)
    assert tokens.id_token not in repr(tokens)
    assert "private" not in repr(KEY)
