"""Signed tokens are read by the issuer's keys: every check of RFC 9068 section 4."""

from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest

from lockhouse.client import ProviderInvalid
from lockhouse.resource import CannotJudge, SignedTokens
from protocols.oauth2 import OAuthError, make_key
from tests.lockhouse.resource.kit import API, AT, GOOD, ISSUER, SIGNER, STRANGER, Issuer, sign
from tests.protocols.world import NOON

pytestmark = pytest.mark.anyio

# Extensions that have to be understood (RFC 7515 section 4.1.11): none is.
CRITICAL: tuple[dict[str, Any], ...] = (
    {"crit": ["b64"], "b64": True},
    {"crit": ["b64"], "b64": False},
    {"crit": ["x"], "x": 1},
    {"crit": []},
)


def reader(issuer: Issuer | None = None, **options: Any) -> SignedTokens:
    return SignedTokens(ISSUER, audience=API, transport=issuer or Issuer(), **options)


async def refused(token: str, tokens: SignedTokens | None = None) -> str:
    with pytest.raises(OAuthError) as caught:
        await (tokens or reader()).read(token, now=NOON)
    assert (caught.value.error, caught.value.status) == ("invalid_token", 401)
    assert token not in str(caught.value) + caught.value.hint
    return caught.value.hint


async def test_a_good_token_says_who_may_what() -> None:
    found = await reader().read(sign(act={"sub": "agent"}, aud=[API, "https://other.example"]), now=NOON)

    assert (found.subject, found.client_id, found.actor) == ("sub-ann", "till", "agent")
    assert found.scopes == {"openid", "payment"}
    assert found.audience == (API, "https://other.example")
    assert (found.token_id, found.expires_at) == ("t1", NOON + timedelta(seconds=60))
    assert (found.auth_time, found.acr, found.methods, found.is_bound) == (None, None, (), False)
    assert found.claims["act"] == {"sub": "agent"}
    assert not isinstance(found.claims, dict), "nobody changes them on the way"
    assert "claims" not in repr(found)


async def test_a_token_says_how_its_person_was_proved_and_what_it_is_bound_to() -> None:
    told: dict[str, Any] = {
        "auth_time": AT - 60,
        "acr": "urn:example:phr",
        "amr": ["pwd", "otp", 7],
        "cnf": {"jkt": "k"},
        "act": "?",
    }
    found = await reader().read(sign(**told), now=NOON)

    assert (found.auth_time, found.acr) == (NOON - timedelta(seconds=60), "urn:example:phr")
    assert (found.methods, found.is_bound, found.actor) == (("pwd", "otp"), True, None)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        *(({name: ...}, name) for name in ("iss", "sub", "client_id", "jti", "iat", "exp", "aud")),
        *(({name: ""}, name) for name in ("sub", "client_id", "jti")),
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "https://other.example"}, "aud"),
        ({"aud": [API, 7]}, "aud"),
        ({"aud": []}, "aud"),
        ({"exp": AT - 30}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 10**30}, "exp"),
        ({"iat": AT + 31}, "iat"),
        ({"nbf": AT + 31}, "nbf"),
        ({"nbf": "then"}, "nbf"),
        ({"auth_time": "then"}, "auth_time"),
    ],
)
async def test_a_claim_that_is_wrong_is_named_in_the_log(changes: dict[str, Any], hint: str) -> None:
    assert hint in await refused(sign(**changes))


@pytest.mark.parametrize("typ", ["JWT", None, "dpop+jwt"])
async def test_another_kind_of_token_is_none(typ: str | None) -> None:
    assert "typ" in await refused(sign(header={"typ": typ}))


async def test_a_signature_of_another_key_is_none() -> None:
    good = sign()
    assert "no key" in await refused(sign(STRANGER))
    assert "does not verify" in await refused(sign(STRANGER, header={"kid": SIGNER.kid}))
    assert "does not verify" in await refused(good[:-4] + "AAAA")
    assert "alg" in await refused(jwt.encode(dict(GOOD), "", algorithm="none", headers={"typ": "at+jwt"}))
    assert "alg" in await refused(jwt.encode(dict(GOOD), "s" * 32, algorithm="HS256", headers={"typ": "at+jwt"}))
    assert "alg" in await refused(good, reader(algorithms=("PS256",)))
    for critical in CRITICAL:
        assert await refused(sign(header=critical))
    for text in ("some-opaque-token", "a.b.c", "a" * 20_000, "..-.."):
        assert await refused(text)


async def test_keys_are_fetched_once_and_again_for_a_new_name() -> None:
    issuer = Issuer()
    tokens = reader(issuer)
    for _ in range(3):
        await tokens.read(sign(), now=NOON)
    assert issuer.seen == ["/.well-known/openid-configuration", "/keys"]

    new = make_key("ES256")
    issuer.publish(SIGNER, new)
    await refused(sign(new), tokens)  # not twice a minute, whoever makes up names
    later = NOON + timedelta(minutes=1)
    assert (await tokens.read(sign(new, exp=AT + 600), now=later)).subject == "sub-ann"
    assert issuer.seen.count("/keys") == 2


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/keys", None),
        ("/keys", {"keys": 7}),
        ("/keys", b"[" * 70_000),
        ("/keys", httpx2.ConnectError("down")),
        ("/.well-known/openid-configuration", None),
        ("/.well-known/openid-configuration", b"no JSON"),
        ("/.well-known/openid-configuration", []),
        ("/.well-known/openid-configuration", {"issuer": "https://other.example", "jwks_uri": f"{ISSUER}/keys"}),
        ("/.well-known/openid-configuration", {"issuer": ISSUER, "jwks_uri": "http://op.example/keys"}),
        ("/.well-known/openid-configuration", {"issuer": ISSUER}),
    ],
)
async def test_without_keys_nobody_can_judge(path: str, document: Any) -> None:
    issuer = Issuer()
    issuer.documents[path] = document
    with pytest.raises(CannotJudge) as caught:
        await reader(issuer).read(sign(), now=NOON)
    assert (caught.value.code, caught.value.status_code) == ("issuer_unreachable", 503)


async def test_keys_of_before_count_while_the_issuer_is_down() -> None:
    issuer = Issuer()
    tokens = reader(issuer)
    await tokens.read(sign(), now=NOON)
    issuer.documents["/keys"] = httpx2.ConnectError("down")
    later = sign(exp=AT + 90_000)
    assert (await tokens.read(later, now=NOON + timedelta(hours=23))).subject == "sub-ann"
    with pytest.raises(CannotJudge):
        await tokens.read(later, now=NOON + timedelta(hours=24, seconds=1))


def test_an_issuer_in_clear_and_unknown_algorithms_are_the_operators_mistake() -> None:
    with pytest.raises(ProviderInvalid):
        SignedTokens("http://op.example", audience=API)
    for algorithms in (("HS256",), ()):
        with pytest.raises(ValueError, match="expected algorithms"):
            SignedTokens(ISSUER, audience=API, algorithms=algorithms)
