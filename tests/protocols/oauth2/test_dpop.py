"""Proofs of possession: every check of RFC 9449 section 4.3 has a test (requirements 129 and 130)."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from protocols.oauth2 import NewKey, OAuthError, make_key
from protocols.oauth2.dpop import PROOF_ALGORITHMS, Nonces, Proof, ProofCall, verify_proof
from tests.protocols import provers
from tests.protocols.provers import TOKEN_URL, hash_of, private_jwk
from tests.protocols.world import KEYRING, NOON

URL = TOKEN_URL
ALIAS = "https://mtls.op.example/oauth2/token"
KEYS = {name: make_key(name) for name in PROOF_ALGORITHMS}
KEY = KEYS["ES256"]
AT = int(NOON.timestamp())
CALL = ProofCall(method="POST", urls=(URL, ALIAS), now=NOON)
NONCES = Nonces(lambda text: KEYRING.mac("oauth2.dpop_nonce", text))


def proof(key: NewKey = KEY, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a good proof but for *changes*, always of one jti unless a test says otherwise."""
    return provers.proof(key, header=header, **{"jti": "j1", **changes})


def refused(*headers: str, call: ProofCall = CALL, nonces: Nonces | None = None) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        verify_proof(headers, call, nonces=nonces)
    return caught.value


def verify_or_refuse(token: str, call: ProofCall) -> bool:
    try:
        return bool(verify_proof([token], call))
    except OAuthError:
        return False


@pytest.mark.parametrize("algorithm", PROOF_ALGORITHMS)
def test_129_a_proof_of_each_algorithm_names_its_key(algorithm: str) -> None:
    held = verify_proof([proof(KEYS[algorithm])], CALL)

    assert isinstance(held, Proof)
    assert held.jkt == KEYS[algorithm].kid  # a kid of ours is the thumbprint of RFC 7638
    assert held.expires_at > NOON


@pytest.mark.parametrize(
    "changes",
    [
        *({name: ...} for name in ("jti", "htm", "htu", "iat")),
        *({name: 7} for name in ("jti", "htm", "htu")),
        {"jti": ""},
        {"jti": "j" * 257},
        {"iat": "now"},
        {"iat": True},
        {"iat": AT + 31},
        {"iat": AT - 151},
        {"htm": "GET"},
        {"htm": "post"},
        {"htu": "https://op.example/oauth2/bc-authorize"},
        {"htu": "https://other.example/oauth2/token"},
        {"htu": "http://op.example/oauth2/token"},
        {"htu": "https://op.example:8443/oauth2/token"},
        {"htu": "https://op.example:port/oauth2/token"},
    ],
    ids=str,
)
def test_129_a_claim_that_is_not_as_it_should_be(changes: dict[str, Any]) -> None:
    assert refused(proof(**changes)).error == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"crit": ["exp"], "exp": AT + 60},
        {"jwk": None},
        {"jwk": "key"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": private_jwk(KEY)},
        {"jwk": dict(KEYS["EdDSA"].public_jwk)},
        {"jwk": dict(make_key("ES256").public_jwk)},
    ],
    # The keys are made anew by each process of a test run: they may not be part of a test's name.
    ids=["typ", "no typ", "crit", "no key", "a text", "a secret", "a private key", "another kind", "another key"],
)
def test_129_a_header_that_is_not_as_it_should_be(header: dict[str, Any]) -> None:
    assert refused(proof(header=header)).error == "invalid_dpop_proof"


def test_129_an_unsigned_or_symmetric_proof_is_none() -> None:
    claims = {"jti": "j1", "htm": "POST", "htu": URL, "iat": AT}
    headers = {"typ": "dpop+jwt", "jwk": dict(KEY.public_jwk)}
    unsigned = jwt.encode(claims, "", algorithm="none", headers=headers)
    shared = jwt.encode(claims, "s" * 32, algorithm="HS256", headers=headers)

    assert {refused(token).error for token in (unsigned, shared, "a.b.c", "", "x" * 9000)} == {"invalid_dpop_proof"}


def test_129_exactly_one_header() -> None:
    assert refused().error == "invalid_dpop_proof"
    assert refused(proof(), proof(jti="j2")).error == "invalid_dpop_proof"


@pytest.mark.parametrize("spelt", ["HTTPS://OP.example:443/oauth2/token?a=b#c", f"{URL}?x", f"{URL}#x"])
def test_129_the_address_is_compared_without_query_and_however_it_is_spelt(spelt: str) -> None:
    assert verify_proof([proof(htu=spelt)], CALL).jkt == KEY.kid


def test_129_an_endpoint_has_several_names_where_certificates_need_one_of_their_own() -> None:
    assert verify_proof([proof(htu=ALIAS)], CALL).jkt == KEY.kid
    assert refused(proof(htu=ALIAS), call=replace(CALL, urls=(URL,))).error == "invalid_dpop_proof"


def test_131_what_counts_once_is_a_key_and_its_jti() -> None:
    first, again = (verify_proof([proof(iat=AT - late)], CALL) for late in (0, 1))
    other_jti, other_key = verify_proof([proof(jti="j2")], CALL), verify_proof([proof(KEYS["EdDSA"])], CALL)

    assert first.once == again.once
    assert len({first.once, other_jti.once, other_key.once}) == 3


def test_131_a_proof_is_remembered_for_as_long_as_it_could_be_shown_again() -> None:
    early = verify_proof([proof(iat=AT + 30)], CALL)
    moment = NOON

    while verify_or_refuse(proof(iat=AT + 30), replace(CALL, now=moment)):
        moment += timedelta(seconds=10)
    assert moment > NOON + timedelta(minutes=2)
    assert early.expires_at >= moment


def test_129_a_proof_beside_an_access_token_carries_its_hash() -> None:
    call = replace(CALL, access_token="token-1")

    assert verify_proof([proof(ath=hash_of("token-1"))], call).jkt == KEY.kid
    for changes in ({}, {"ath": hash_of("token-2")}, {"ath": 7}):
        assert refused(proof(**changes), call=call).error == "invalid_dpop_proof"


def test_130_a_nonce_is_demanded_and_named_and_every_process_knows_it() -> None:
    told = refused(proof(), nonces=NONCES)
    elsewhere = Nonces(lambda text: KEYRING.mac("oauth2.dpop_nonce", text))

    assert (told.error, told.status) == ("use_dpop_nonce", 400)
    nonce = told.headers["DPoP-Nonce"]
    assert verify_proof([proof(nonce=nonce)], CALL, nonces=elsewhere).jkt == KEY.kid


@pytest.mark.parametrize(("minutes", "good"), [(0, True), (5, True), (10, False), (-1, True), (-6, False)], ids=str)
def test_130_a_nonce_is_good_for_a_while(minutes: int, good: bool) -> None:
    moment = NOON.replace(minute=0, second=30)
    nonce = NONCES.current(moment)

    assert NONCES.accepts(nonce, moment + timedelta(minutes=minutes)) is good


def test_130_a_nonce_of_somebody_else_is_none() -> None:
    stranger = Nonces(lambda text: hashlib.sha256(text.encode()).digest())

    assert refused(proof(nonce=stranger.current(NOON)), nonces=NONCES).error == "use_dpop_nonce"
    assert refused(proof(nonce=7), nonces=NONCES).error == "use_dpop_nonce"


def test_what_is_refused_says_nothing_of_what_was_sent() -> None:
    error = refused(proof(htu="https://canary.example/"))

    assert "canary" not in json.dumps(error.body())
