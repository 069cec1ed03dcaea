"""Modules of the OpenID Connect basic plan: the code grant without PKCE, as that plan asks for it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx2
import jwt
import pytest

from engine.storage import ENGINE_TABLES, Database, TableOwner
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_code import CODE_GRANT, CODE_TABLES
from tests.protocols.changed import change, claims_in
from tests.protocols.oauth2_code.conftest import (
    APP,
    BACK,
    OTHER,
    SECRETS,
    VERIFIER,
    CodeWorld,
    make_code_world,
    members_of,
)
from tests.protocols.world import ISSUER
from tests.spec.requirements import Mutation
from tests.spec.suite import SuiteModule, suite_module, suite_modules

pytestmark = pytest.mark.anyio

PARAMETERS = "protocols/oauth2_code/parameters.py"
REDEMPTION = "protocols/oauth2_code/redemption.py"
USERINFO = "protocols/oauth2/userinfo_endpoint.py"
STRICT = Mutation(PARAMETERS, "    form.refuse_repeats()", '    form.refuse_repeats(form.require("x"))')
NO_PKCE: Mapping[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
ALL = "openid profile email phone offline_access"


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES, CODE_TABLES)


@pytest.fixture
async def basic(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[CodeWorld]:
    """A deployment that takes requests without PKCE, and the plan's client."""
    async with make_code_world(sqlite_database, key_material, pkce=False) as made:
        scopes = ", ".join(f'"{name}"' for name in ALL.split())
        await change(made.world, APP, scopes=f"[{scopes}]")
        yield made


async def tokens_of(basic: CodeWorld, **changes: str | None) -> dict[str, Any]:
    """Return the token response for the plan's request, but for *changes*."""
    given = await basic.code(**{**NO_PKCE, **changes})
    answer = await basic.redeem(given, {"code_verifier": None})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def verified(basic: CodeWorld, tokens: Mapping[str, Any]) -> dict[str, Any]:
    """Verify the ID token by the key that its header names, and return what it says."""
    token = str(tokens["id_token"])
    keys = (await basic.http.get("/oauth2/jwks")).json()["keys"]
    (jwk,) = [key for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    key = jwt.PyJWK.from_dict(jwk)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=APP, issuer=ISSUER, options=options)
    assert {"iss", "sub", "aud", "exp", "iat", "at_hash"} <= set(claims)
    return dict(claims)


async def userinfo(basic: CodeWorld, token: str, method: str = "GET", **sent: Any) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await basic.http.request(method, "/oauth2/userinfo", **({"headers": headers} | sent))


async def refused(basic: CodeWorld, **changes: str | None) -> str:
    """Return the error that the client reads in its address."""
    answer = await basic.authorize(**{**NO_PKCE, **changes})
    assert answer.status_code == 303, answer.text
    return members_of(answer.headers["location"])["error"]


def asks(name: str, says: str, mutation: Mutation = STRICT, **changes: str | None) -> SuiteModule:
    return SuiteModule(f"oidcc-{name}", says, (mutation,), changes)


PROMPTS = Mutation(PARAMETERS, '_PROMPTS = frozenset({"none", "login", "consent"})', '_PROMPTS = frozenset({"none"})')


@suite_modules(
    asks(
        "server", "a code becomes tokens, by Basic", Mutation(REDEMPTION, "nonce=judged.request.nonce,", "nonce=None,")
    ),
    asks("idtoken-signature", "the ID token verifies by the key of its kid"),
    asks("ensure-request-without-nonce-succeeds-for-code-flow", "a request without nonce is taken", nonce=None),
    asks("scope-profile", "profile may be asked for", scope="openid profile"),
    asks("scope-email", "email may be asked for", scope="openid email"),
    asks("scope-phone", "phone may be asked for", scope="openid phone"),
    asks(
        "ensure-other-scope-order-succeeds",
        "`openid` may stand last",
        Mutation("protocols/oauth2/scopes.py", "if OPENID not in asked:", "if asked[0] != OPENID:"),
        scope="profile openid",
    ),
    asks("display-page", "display=page is no error", display="page"),
    asks("display-popup", "display=popup is no error", display="popup"),
    asks("prompt-login", "prompt=login has somebody sign in, as everything does", PROMPTS, prompt="login"),
    asks(
        "max-age-1",
        "max_age=1 has somebody sign in, and auth_time is told",
        Mutation(PARAMETERS, "text.isascii() and text.isdecimal()", "text.isascii() and text.isalpha()"),
        max_age="1",
    ),
    asks("ensure-request-with-unknown-parameter-succeeds", "an unknown parameter is ignored", extra="foobar"),
    asks("login-hint", "login_hint is no error", login_hint="ann"),
    asks("ui-locales", "ui_locales is no error", ui_locales="se"),
    asks("claims-locales", "claims_locales is no error", claims_locales="se"),
    asks("ensure-request-with-acr-values-succeeds", "acr_values are no error", acr_values="1 2"),
    asks("claims-essential", "a claims parameter is no error", claims='{"userinfo":{"name":{"essential":true}}}'),
)
async def test_a_request_of_the_plan_gives_tokens(basic: CodeWorld, module: SuiteModule) -> None:
    changes = dict(module.changes)
    tokens = await tokens_of(basic, **changes)
    claims = await verified(basic, tokens)
    assert claims.get("nonce") == changes.get("nonce", "n-1")
    assert claims["auth_time"] <= basic.world.clock.now().timestamp()
    assert set(tokens["scope"].split()) == set(str(changes.get("scope", "openid profile")).split())
    assert (await userinfo(basic, tokens["access_token"])).json()["sub"] == claims["sub"]


@suite_module(
    "oidcc-response-type-missing",
    "a request without response_type goes back with an error",
    Mutation(
        PARAMETERS, 'if form.require("response_type") != "code":', 'if form.get("response_type") not in (None, "code"):'
    ),
)
async def test_response_type_missing(basic: CodeWorld) -> None:
    assert await refused(basic, response_type=None) == "invalid_request"


@suite_module(
    "oidcc-userinfo-get",
    "userinfo tells by GET, the token in the header",
    Mutation(USERINFO, 'methods=["GET", "POST"]', 'methods=["POST"]'),
)
async def test_userinfo_get(basic: CodeWorld) -> None:
    answer = await userinfo(basic, (await tokens_of(basic))["access_token"])
    assert (answer.status_code, answer.json()["sub"]) == (200, "sub-ann")


@suite_module(
    "oidcc-userinfo-post-header",
    "userinfo tells by POST, the token in the header",
    Mutation(USERINFO, 'methods=["GET", "POST"]', 'methods=["GET"]'),
)
async def test_userinfo_post_header(basic: CodeWorld) -> None:
    answer = await userinfo(basic, (await tokens_of(basic))["access_token"], "POST")
    assert (answer.status_code, answer.json()["sub"]) == (200, "sub-ann")


@suite_module(
    "oidcc-userinfo-post-body",
    "a token in the body is refused, as FAPI demands: the suite warns of it and does not fail",
    Mutation("protocols/oauth2/presented_tokens.py", "    if not headers:\n", "    if headers is None:\n"),
)
async def test_userinfo_post_body(basic: CodeWorld) -> None:
    token = (await tokens_of(basic))["access_token"]
    answer = await userinfo(basic, token, "POST", headers={}, data={"access_token": token})
    assert 400 <= answer.status_code < 500


@suite_module(
    "oidcc-prompt-none-not-logged-in",
    "prompt=none is `login_required`",
    Mutation(PARAMETERS, 'OAuthError("login_required"', 'OAuthError("access_denied"'),
)
async def test_prompt_none_not_logged_in(basic: CodeWorld) -> None:
    assert await refused(basic, prompt="none") == "login_required"


TWICE = Mutation(REDEMPTION, "if found.status is Status.REDEEMED:", "if found.status is None:")


async def used_twice(basic: CodeWorld, seconds: int) -> None:
    given = await basic.code(**NO_PKCE)
    token = (await basic.redeem(given, {"code_verifier": None})).json()["access_token"]
    basic.world.clock.forward(seconds)
    assert (await basic.redeem(given, {"code_verifier": None})).json()["error"] == "invalid_grant"
    assert (await userinfo(basic, token)).status_code == 401


@suite_module("oidcc-codereuse", "a code that comes twice is refused", TWICE)
async def test_codereuse(basic: CodeWorld) -> None:
    await used_twice(basic, 0)


@suite_module("oidcc-codereuse-30seconds", "thirty seconds later too, and what it gave is taken back", TWICE)
async def test_codereuse_30seconds(basic: CodeWorld) -> None:
    await used_twice(basic, 30)


@suite_module(
    "oidcc-ensure-registered-redirect-uri",
    "a redirect_uri that is not registered is told to the person, and nobody goes there",
    Mutation(PARAMETERS, "if asked not in client.redirect_uris:", "if not asked:"),
)
async def test_ensure_registered_redirect_uri(basic: CodeWorld) -> None:
    answer = await basic.authorize(**NO_PKCE, redirect_uri=f"{BACK}/foo")
    assert (answer.status_code, "location" in answer.headers) == (400, False)


@suite_module(
    "oidcc-ensure-post-request-succeeds",
    "an authorization request may be posted",
    Mutation(
        "protocols/oauth2_code/endpoints.py",
        'self.authorize, methods=["GET", "POST"]',
        'self.authorize, methods=["GET"]',
    ),
)
async def test_ensure_post_request_succeeds(basic: CodeWorld) -> None:
    form = {"response_type": "code", "client_id": APP, "redirect_uri": BACK, "scope": "openid"}
    answer = await basic.http.post("/oauth2/authorize", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{ISSUER}/a/")


@suite_module(
    "oidcc-server-client-secret-post",
    "the same client may send its secret in the form",
    Mutation(
        "protocols/oauth2/client_authentication.py", "if named is not None and secret is not None:", "if named is None:"
    ),
)
async def test_server_client_secret_post(basic: CodeWorld) -> None:
    form = {"grant_type": CODE_GRANT, "code": await basic.code(**NO_PKCE), "redirect_uri": BACK}
    secret = {"client_id": APP, "client_secret": SECRETS[APP]}
    assert (await basic.http.post("/oauth2/token", data={**form, **secret})).status_code == 200


def unsupported(name: str) -> Mutation:
    kept = '("request",)' if name == "request_uri" else '("request_uri",)'
    return Mutation(PARAMETERS, 'for name in ("request", "request_uri"):', f"for name in {kept}:")


@suite_module(
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "`request_uri` is rejected as not supported",
    unsupported("request_uri"),
)
async def test_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(basic: CodeWorld) -> None:
    assert await refused(basic, request_uri="https://suite.example/requesturi") == "request_uri_not_supported"


@suite_module(
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "`request` is rejected as not supported",
    unsupported("request"),
)
async def test_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(basic: CodeWorld) -> None:
    assert await refused(basic, request="e30.e30.") == "request_not_supported"


@suite_module(
    "oidcc-ensure-request-object-with-redirect-uri",
    "a redirect_uri inside of `request` leads nobody there: the whole is rejected",
    unsupported("request"),
)
async def test_ensure_request_object_with_redirect_uri(basic: CodeWorld) -> None:
    held = jwt.encode({"redirect_uri": "https://evil.example"}, "", algorithm="none")
    assert await refused(basic, request=held) == "request_not_supported"


@suite_module(
    "oidcc-refresh-token",
    "a refresh token gives its client new tokens, with the ID token's subject, and the second client nothing",
    Mutation("protocols/oauth2/refresh_grant.py", "found.client_id != client.client_id", "found.client_id is None"),
)
async def test_refresh_token(basic: CodeWorld) -> None:
    tokens = await tokens_of(basic, scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = (await basic.http.post("/oauth2/token", data=form, auth=(APP, SECRETS[APP]))).json()
    assert claims_in(again["id_token"])["sub"] == claims_in(tokens["id_token"])["sub"]
    stolen = await basic.http.post("/oauth2/token", data=form, auth=(OTHER, SECRETS[OTHER]))
    assert stolen.json()["error"] == "invalid_grant"


@suite_module(
    "oidcc-ensure-request-with-valid-pkce-succeeds",
    "a request with PKCE is taken, and its verifier is wanted",
    Mutation(REDEMPTION, "and request.proves(verifier) and", "and not verifier and"),
)
async def test_ensure_request_with_valid_pkce_succeeds(basic: CodeWorld) -> None:
    given = await basic.code()
    assert (await basic.redeem(given, {"code_verifier": "w" * 43})).json()["error"] == "invalid_grant"
    assert (await basic.redeem(given, {"code_verifier": VERIFIER})).status_code == 200
