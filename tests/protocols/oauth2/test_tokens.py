"""ID tokens and access tokens (requirements 55, 57, 99, 144, 145, 154)."""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from protocols.oauth2 import Approval, SigningKey, TokenPolicy, build_tokens
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
    subject="sub-ann",
    client_id="shop",
    scopes=("openid", "email"),
    auth_time=NOON - timedelta(seconds=3),
    methods=("pwd",),
    acr="urn:acr",
)
NOW = int(NOON.timestamp())


def decoded(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


def test_an_access_token_has_every_claim_that_rfc_9068_demands() -> None:
    """Requirements 144 and 145."""
    tokens = build_tokens(APPROVAL, policy=POLICY, key=KEY, jti="j1", now=NOON)
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
    tokens = build_tokens(APPROVAL, policy=POLICY, key=KEY, jti="j1", now=NOON, auth_req_id="a1")
    assert jwt.get_unverified_header(tokens.id_token) == {"alg": "RS256", "kid": "k1", "typ": "JWT"}
    claims = decoded(tokens.id_token)
    assert (claims["aud"], claims["exp"], claims["sub"]) == ("shop", NOW + 120, "sub-ann")
    assert claims["urn:openid:params:jwt:claim:auth_req_id"] == "a1"
    digest = hashlib.sha256(tokens.access_token.encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(APPROVAL, methods=(), acr=None)
    claims = decoded(build_tokens(bare, policy=POLICY, key=KEY, jti="j", now=NOON).id_token)
    assert {"amr", "acr", "urn:openid:params:jwt:claim:auth_req_id"}.isdisjoint(claims)


def test_the_token_response_names_type_life_and_scope() -> None:
    """Requirement 55."""
    answer = build_tokens(APPROVAL, policy=POLICY, key=KEY, jti="j1", now=NOON).answer()
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
    tokens = build_tokens(APPROVAL, policy=POLICY, key=key, jti="j1", now=NOON)
    jwt.decode(
        tokens.id_token,
        key.private_key.public_key(),
        algorithms=["EdDSA"],
        audience="shop",
        options={"verify_exp": False, "verify_iat": False},
    )


def test_tokens_do_not_show_in_a_repr() -> None:
    tokens = build_tokens(APPROVAL, policy=POLICY, key=KEY, jti="j1", now=NOON)
    assert tokens.access_token not in repr(tokens)
    assert tokens.id_token not in repr(tokens)
    assert "private" not in repr(KEY)
