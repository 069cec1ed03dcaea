"""What a client proves itself by, what it signs, and whom it sends its secrets to."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from lockhouse.client import (
    ApprovalRequest,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    PrivateKey,
    PrivateKeyJwt,
    ProviderInvalid,
)
from lockhouse.client.exchange import Answer
from lockhouse.client.provider import check_issuer, read_provider

OP = "https://op.example"
NOW = 1_900_000_000.0
SECRET = "s+/ cret:" + "x" * 32
PAIR = ec.generate_private_key(ec.SECP256R1())
JWK = {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(PAIR)), "kid": "k1", "alg": "ES256"}
KEY = PrivateKey.from_jwk(JWK)
METADATA = {
    "issuer": OP,
    "token_endpoint": f"{OP}/token",
    "backchannel_authentication_endpoint": f"{OP}/bc",
    "jwks_uri": f"{OP}/jwks",
    "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"],
}


def test_both_parts_of_a_basic_pair_are_encoded_first() -> None:
    header = ClientSecretBasic("a:b", SECRET).prove(OP, NOW).headers["Authorization"]

    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "a%3Ab:s%2B%2F+cret%3A" + "x" * 32


def test_a_posted_secret_is_a_parameter() -> None:
    assert dict(ClientSecretPost("till", SECRET).prove(OP, NOW).parameters) == {
        "client_id": "till",
        "client_secret": SECRET,
    }


@pytest.mark.parametrize(
    ("method", "key", "algorithm"),
    [
        (ClientSecretJwt("till", SECRET), SECRET, "HS256"),
        (PrivateKeyJwt("till", KEY), PAIR.public_key(), "ES256"),
    ],
)
def test_a_statement_is_for_one_request_and_one_minute(
    method: ClientSecretJwt | PrivateKeyJwt, key: Any, algorithm: str
) -> None:
    statements = [dict(method.prove(OP, NOW).parameters)["client_assertion"] for _ in range(2)]
    first, second = (
        jwt.decode(each, key, algorithms=[algorithm], audience=OP, options={"verify_iat": False, "verify_exp": False})
        for each in statements
    )

    assert (first["iss"], first["sub"], first["exp"] - first["iat"]) == ("till", "till", 60)
    assert first["jti"] != second["jti"]


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes") as caught:
        ClientSecretJwt("till", "short-secret")

    assert "short-secret" not in str(caught.value)


def pem(key: Any) -> bytes:
    made: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa.generate_private_key(65537, 2048), "PS256"),
        (PAIR, "ES256"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    ],
)
def test_a_key_is_read_from_pem(key: Any, algorithm: str) -> None:
    signed = PrivateKey.from_pem(pem(key), algorithm=algorithm, kid="k1").sign({"a": 1})

    assert jwt.decode(signed, key.public_key(), algorithms=[algorithm]) == {"a": 1}
    assert jwt.get_unverified_header(signed)["kid"] == "k1"


@pytest.mark.parametrize(
    "jwk",
    [
        {name: value for name, value in JWK.items() if name != "d"},
        {**JWK, "alg": "HS256"},
        {**JWK, "alg": "RS256"},
        {**JWK, "x": "?"},
        {"kty": "EC", "d": "secret-number", "alg": "ES256"},
    ],
)
def test_what_is_no_private_key_for_its_algorithm_is_refused_without_showing_it(jwk: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        PrivateKey.from_jwk(jwk)

    assert str(jwk.get("d")) not in str(caught.value)
    assert JWK["d"] not in repr(KEY)


def test_a_public_pem_is_refused() -> None:
    public = PAIR.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="public"):
        PrivateKey.from_pem(public, algorithm="ES256")


def test_a_request_says_what_was_given_and_nothing_else() -> None:
    asked = ApprovalRequest(
        login_hint="ann",
        requested_expiry=60,
        acr_values=("b", "a"),
        resource=("https://a.example", "https://b.example"),
    )

    assert asked.parameters("token") == (
        ("scope", "openid"),
        ("login_hint", "ann"),
        ("requested_expiry", "60"),
        ("acr_values", "b a"),
        ("client_notification_token", "token"),
        ("resource", "https://a.example"),
        ("resource", "https://b.example"),
    )


def test_a_signed_request_holds_the_same_and_may_be_used_for_a_few_minutes() -> None:
    asked = ApprovalRequest(login_hint="ann", requested_expiry=60, resource=("https://a.example", "https://b.example"))
    signed = asked.signed(KEY, client_id="till", issuer=OP, now=NOW)
    claims = jwt.decode(
        signed,
        PAIR.public_key(),
        algorithms=["ES256"],
        audience=OP,
        options={"verify_iat": False, "verify_nbf": False, "require": ["jti", "nbf", "exp", "iat"]},
    )

    assert (claims["iss"], claims["login_hint"], claims["requested_expiry"]) == ("till", "ann", "60")
    assert claims["resource"] == ["https://a.example", "https://b.example"]
    assert claims["exp"] - claims["nbf"] == 300
    assert "sub" not in claims


@pytest.mark.parametrize(("login_hint", "id_token_hint"), [(None, None), ("ann", "token")])
def test_one_person_is_named_by_one_hint(login_hint: str | None, id_token_hint: str | None) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        ApprovalRequest(login_hint=login_hint, id_token_hint=id_token_hint)


def test_a_text_is_not_a_list_of_texts() -> None:
    with pytest.raises(TypeError, match="tuples"):
        ApprovalRequest(login_hint="ann", acr_values="urn:a")


@pytest.mark.parametrize(
    "issuer", ["http://op.example", "op.example", "ftp://op.example", "https://op.example?x", "https://u:p@op.example"]
)
def test_secrets_go_over_https_or_stay_on_this_machine(issuer: str) -> None:
    assert check_issuer("http://localhost:8400") == check_issuer("http://localhost:8400")
    with pytest.raises(ProviderInvalid, match="https"):
        check_issuer(issuer)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"issuer": f"{OP}/"}, "exactly"),
        ({"issuer": None}, "exactly"),
        ({"token_endpoint": "http://op.example/token"}, "token_endpoint"),
        ({"backchannel_authentication_endpoint": None}, "does it support CIBA"),
        ({"jwks_uri": 7}, "jwks_uri"),
        ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, "public key"),
        ({"id_token_signing_alg_values_supported": None}, "public key"),
    ],
)
def test_metadata_that_cannot_be_trusted_are_refused(wrong: Mapping[str, Any], named: str) -> None:
    assert read_provider(OP, METADATA).algorithms == ("ES256",)
    with pytest.raises(ProviderInvalid, match=named):
        read_provider(OP, {**METADATA, **wrong})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Tue, 01 Jan 2030 12:00:30 GMT", "date": "Tue, 01 Jan 2030 12:00:00 GMT"}, 30),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: Mapping[str, str], seconds: float | None) -> None:
    assert Answer(status=503, headers=headers).retry_after() == seconds
