"""Whatever comes in a DPoP header, the answer is one of RFC 9449: never a fault of ours, never an echo."""

import json
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.oauth2 import OAuthError
from protocols.oauth2.dpop import Nonces, ProofCall, verify_proof
from tests.protocols.provers import KEY, TOKEN_URL, private_jwk, proof
from tests.protocols.world import KEYRING, NOON

CANARY = "cAnArY"
CALL = ProofCall(method="POST", urls=(TOKEN_URL,), now=NOON, access_token="token-1")
NONCES = Nonces(lambda text: KEYRING.mac("oauth2.dpop_nonce", text))
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["POST", TOKEN_URL, "https://[", "https://op.example:99999/", "EC", "RSA", "OKP", "P-256", CANARY]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just(10**400), st.just("\ud800")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
CLAIMS = st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "nonce", "ath", "exp", "aud"]), JSON, max_size=3)
MEMBERS = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"]), JSON, max_size=4)
HEADERS = st.dictionaries(st.sampled_from(["typ", "jwk", "kid", "crit", "b64", "x5c"]), JSON, max_size=3)
examples = settings(max_examples=150, deadline=None)


def check_refused(shown: str) -> None:
    """There is no way to hit the hash of the token: all of it is refused, and nothing of it told again."""
    with pytest.raises(OAuthError) as caught:
        verify_proof([shown], CALL, nonces=NONCES)
    assert caught.value.error in {"invalid_dpop_proof", "use_dpop_nonce"}
    assert CANARY not in json.dumps(caught.value.body())


@examples
@given(st.one_of(st.text(max_size=60), st.from_regex(r"[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}\.[\w-]{0,20}")))
def test_any_text(shown: str) -> None:
    check_refused(shown)


@examples
@given(CLAIMS)
def test_any_claims_under_a_good_signature(claims: dict[str, Any]) -> None:
    check_refused(proof(**claims))


@examples
@given(MEMBERS, HEADERS)
def test_any_key_and_any_header(members: dict[str, Any], headers: dict[str, Any]) -> None:
    key = jwt.PyJWK(private_jwk(KEY), "ES256").key
    claims = {"jti": "j1", "htm": "POST", "htu": TOKEN_URL, "iat": int(NOON.timestamp())}
    named = {"typ": "dpop+jwt", "jwk": {**KEY.public_jwk, **members}, **headers}
    encoder = jwt.PyJWS()
    try:
        shown = encoder.encode(json.dumps(claims).encode(), key, algorithm="ES256", headers=named)
    except (jwt.PyJWTError, TypeError, ValueError):
        return  # the library will not even write it
    check_refused(shown)
