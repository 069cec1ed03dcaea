"""Each check of an ID token, taken away from a good one."""

from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from lockhouse.client import ProviderInvalid, TokenInvalid
from lockhouse.client.exchange import Answer
from lockhouse.client.id_tokens import AUTH_REQ_ID, RT_HASH, Expected, half_hash, read_header, verify_id_token
from lockhouse.client.key_sets import read_key_set

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = 1_900_000_000
EXPECTED = Expected(
    issuer="https://op.example",
    client_id="till",
    algorithms=("ES256",),
    access_token="access",
    refresh_token="refresh",
    auth_req_id="request",
    subject="ann",
    pushed=True,
)
GOOD: Mapping[str, Any] = {
    "iss": "https://op.example",
    "sub": "ann",
    "aud": "till",
    "exp": NOW + 60,
    "iat": NOW,
    "at_hash": half_hash("access", "ES256"),
    RT_HASH: half_hash("refresh", "ES256"),
    AUTH_REQ_ID: "request",
}


def verify(claims: Mapping[str, Any], expected: Expected = EXPECTED, key: Any = KEY) -> Mapping[str, Any]:
    token = jwt.encode(dict(claims), key, algorithm="ES256", headers={"kid": "k1"})
    return verify_id_token(token, KEY.public_key(), expected, now=NOW)


def test_a_good_one_is_believed() -> None:
    assert verify(GOOD) == GOOD
    assert verify({**GOOD, "aud": ["till", "api"], "azp": "till", "exp": NOW - 29, "iat": NOW + 29})


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://op.example/"},
        {"sub": "bob"},
        {"sub": ""},
        {"aud": "other"},
        {"aud": []},
        {"aud": ["till", "api"]},
        {"azp": "other"},
        {"exp": NOW - 31},
        {"exp": "never"},
        {"exp": True},
        {"iat": NOW + 31},
        {"nbf": NOW + 31},
        {"at_hash": half_hash("other", "ES256")},
        {"at_hash": 7},
        {RT_HASH: half_hash("other", "ES256")},
        {AUTH_REQ_ID: "other"},
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(TokenInvalid) as caught:
        verify({**GOOD, **wrong})

    assert next(iter(wrong)) in str(caught.value) or "azp" in str(caught.value)


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_a_pushed_one_lacks_nothing(missing: str) -> None:
    with pytest.raises(TokenInvalid, match=missing):
        verify({name: value for name, value in GOOD.items() if name != missing})


def test_a_collected_one_need_not_be_bound() -> None:
    collected = Expected(issuer=EXPECTED.issuer, client_id="till", algorithms=("ES256",), access_token="access")

    assert verify({name: GOOD[name] for name in ("iss", "sub", "aud", "exp", "iat")}, collected)


def test_another_key_is_refused() -> None:
    with pytest.raises(TokenInvalid, match="another signature"):
        verify(GOOD, key=ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJub25lIn0.e30.",
        jwt.encode(dict(GOOD), "s" * 64, algorithm="HS256"),
        jwt.encode(dict(GOOD), ed25519.Ed25519PrivateKey.generate(), algorithm="EdDSA"),
        "no token",
        "",
    ],
)
def test_only_what_the_provider_signs_with_is_read(token: str) -> None:
    with pytest.raises(TokenInvalid, match=r"ES256|signed ID token"):
        read_header(token, ("ES256",))


def jwks(*names: str | None, cached: str = "") -> Answer:
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())
    keys = ",".join(jwk[:-1] + (f', "kid": "{name}"}}' if name else "}") for name in names)
    return Answer(status=200, headers={"cache-control": cached}, content=f'{{"keys": [{keys}]}}'.encode())


def test_a_key_is_found_by_its_name_or_because_it_is_alone() -> None:
    two, alone = read_key_set(jwks("k1", "k2"), now=0), read_key_set(jwks(None), now=0)

    assert [two.find(kid, "ES256") is not None for kid in ("k1", "k2", "k3", None)] == [True, True, False, False]
    assert alone.find(None, "ES256") is not None
    assert two.find("k1", "RS256") is None


def test_keys_are_kept_for_as_long_as_the_provider_says() -> None:
    told, untold = read_key_set(jwks("k1", cached="public, max-age=300"), now=0), read_key_set(jwks("k1"), now=0)

    assert [told.is_fresh(at) for at in (299, 300)] == [True, False]
    assert [untold.is_fresh(at) for at in (3599, 3600)] == [True, False]
    assert [told.may_look_again(at) for at in (59, 60)] == [False, True]
    with pytest.raises(ProviderInvalid, match="404"):
        read_key_set(Answer(status=404), now=0)
