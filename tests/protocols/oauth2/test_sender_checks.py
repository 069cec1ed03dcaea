"""Tokens in the right hands: every pair of what a token is bound to and how it came (requirements 102 and 134)."""

from typing import Any

import pytest

from protocols.oauth2 import OAuthError
from protocols.oauth2.dpop import Proof
from protocols.oauth2.presented_tokens import PresentedToken, challenged, read_authorization, refuse_elsewhere
from protocols.oauth2.sender_checks import sender_fault
from tests.protocols.world import NOON

PROOF = Proof(jkt="mine", once=b"1", expires_at=NOON)
KEY, CERTIFICATE = {"jkt": "mine"}, {"x5t#S256": "cert"}
ODD: tuple[Any, ...] = ({}, "cert", [], {"kid": "k"}, 0)


@pytest.mark.parametrize(
    ("cnf", "scheme", "shown"),
    [
        (None, "Bearer", {}),
        (None, "bearer", {"certificate": "any"}),
        (KEY, "DPoP", {"proof": PROOF}),
        (KEY, "dpop", {"proof": PROOF, "certificate": "any"}),
        (CERTIFICATE, "Bearer", {"certificate": "cert"}),
        (KEY | CERTIFICATE, "DPoP", {"proof": PROOF, "certificate": "cert"}),
    ],
)
def test_a_token_in_the_right_hands_has_no_fault(cnf: Any, scheme: str, shown: dict[str, Any]) -> None:
    assert sender_fault({} if cnf is None else {"cnf": cnf}, scheme, **shown) is None
    assert sender_fault({"cnf": cnf}, scheme, **shown) is None


@pytest.mark.parametrize(
    ("cnf", "scheme", "shown", "fault"),
    [
        (None, "DPoP", {"proof": PROOF}, "bound to no key"),
        (CERTIFICATE, "DPoP", {"proof": PROOF, "certificate": "cert"}, "bound to no key"),
        (KEY, "Bearer", {}, "send it as DPoP"),
        (KEY, "Bearer", {"proof": PROOF}, "send it as DPoP"),
        (KEY, "DPoP", {}, "another key"),
        ({"jkt": "theirs"}, "DPoP", {"proof": PROOF}, "another key"),
        ({"jkt": 7}, "DPoP", {"proof": PROOF}, "another key"),
        (CERTIFICATE, "Bearer", {}, "connect with it"),
        (CERTIFICATE, "Bearer", {"certificate": ""}, "another certificate"),
        (CERTIFICATE, "Bearer", {"certificate": "theirs"}, "another certificate"),
        (KEY | CERTIFICATE, "DPoP", {"proof": PROOF, "certificate": "theirs"}, "another certificate"),
        *((odd, "Bearer", {"certificate": "cert"}, "not known here") for odd in ODD),
        ({"jwk": {}, **CERTIFICATE}, "Bearer", {"certificate": "cert"}, "not known here"),
    ],
)
def test_a_token_in_other_hands_has_one(cnf: Any, scheme: str, shown: dict[str, Any], fault: str) -> None:
    found = sender_fault({"cnf": cnf} if cnf is not None else {}, scheme, **shown)
    assert found is not None
    assert fault in found
    assert OAuthError("invalid_token", found).body()["error_description"] == found


@pytest.mark.parametrize(
    ("header", "scheme"), [("Bearer abc", "Bearer"), ("bEARER  abc ", "Bearer"), ("dpop abc", "DPoP")]
)
def test_a_header_has_one_token_under_one_scheme(header: str, scheme: str) -> None:
    found = read_authorization([header])
    assert (found.scheme, found.token) == (scheme, "abc")
    assert "abc" not in repr(found)


@pytest.mark.parametrize(
    "headers", [["Basic abc"], ["Bearer"], ["DPoP "], ["Bearer a b"], ["Bearer é"], ["Bearer a", "DPoP a"], [""]]
)
def test_other_headers_are_challenged(headers: list[str]) -> None:
    with pytest.raises(OAuthError) as caught:
        read_authorization(headers)
    assert (caught.value.status, caught.value.error) == (401, "invalid_token")
    assert caught.value.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token", error_description="')


def test_a_challenge_says_what_would_do() -> None:
    with pytest.raises(OAuthError) as nothing_sent:
        read_authorization([])
    assert nothing_sent.value.headers == {"WWW-Authenticate": 'Bearer, DPoP algs="RS256 PS256 ES256 EdDSA"'}

    nonce = challenged(OAuthError("use_dpop_nonce", "again", headers={"DPoP-Nonce": "n"}), "DPoP")
    assert nonce.status == 401
    assert nonce.headers["DPoP-Nonce"] == "n"
    told = 'DPoP error="use_dpop_nonce", error_description="again", algs="RS256 PS256 ES256 EdDSA"'
    assert nonce.headers["WWW-Authenticate"] == told

    narrow = challenged(OAuthError("insufficient_scope"), "Bearer", scope="a b")
    assert (narrow.status, narrow.headers["WWW-Authenticate"]) == (
        403,
        'Bearer error="insufficient_scope", scope="a b"',
    )


def test_a_token_elsewhere_is_refused() -> None:
    refuse_elsewhere(["q", "access_tokens"])
    with pytest.raises(OAuthError, match="header only"):
        refuse_elsewhere(["q", "access_token"])
    assert PresentedToken("Bearer", "x") == PresentedToken("Bearer", "x")
