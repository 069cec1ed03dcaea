"""1S. What OAuth asks of every endpoint (RFC 6749, RFC 7523)."""

import base64
from urllib.parse import quote

import httpx2
import pytest

from protocols.oauth2 import REFRESH_GRANT
from tests.protocols.world import GRANT, SECRETS, SHOP, World, as_error
from tests.spec.parties import OFFLINE, OTHER_KEY, TILL, add, add_signer, add_till, claims_of, token_as, tokens_as
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

AUTHENTICATION = "protocols/oauth2/client_authentication.py"
ASSERTIONS = "protocols/oauth2/client_assertions.py"
PATH = "/oauth2/bc-authorize"
FORM = {"scope": "openid", "login_hint": "ann"}


async def with_basic(world: World, credentials: str) -> httpx2.Response:
    header = "Basic " + base64.b64encode(credentials.encode()).decode()
    return await world.http.post(PATH, data=FORM, headers={"Authorization": header})


@requirement(
    93,
    "Answers are JSON that nobody stores, errors too",
    Mutation("protocols/oauth2/endpoints.py", "headers={**_NO_STORE, **(headers or {})}", "headers=headers or {}"),
)
async def test_093_nobody_stores_an_answer(world: World) -> None:
    for answer in (await world.ask(), await world.poll("x"), await world.http.post("/oauth2/token", data=FORM)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"


@requirement(
    94,
    "Errors are 400; 401 `invalid_client` has `WWW-Authenticate` where the header was used",
    Mutation("protocols/oauth2/errors.py", '{"WWW-Authenticate": challenge} if challenge', "{} if challenge"),
)
async def test_094_a_challenge_answers_the_header(world: World) -> None:
    by_header = await with_basic(world, "shop:wrong")
    assert as_error(by_header) == (401, "invalid_client")
    assert by_header.headers["www-authenticate"].startswith("Basic ")
    by_form = await world.http.post(PATH, data={**FORM, "client_id": SHOP, "client_secret": "wrong"})
    assert as_error(by_form) == (401, "invalid_client")


@requirement(
    95,
    "One client authentication per request; client ids that differ are `invalid_client`",
    Mutation(AUTHENTICATION, "(authorization, secret, assertion))) > 1:", "(authorization, secret, assertion))) > 2:"),
    Mutation(AUTHENTICATION, "if named is not None and named != client_id:", "if named is None and client_id is None:"),
)
async def test_095_one_authentication_at_a_time(world: World) -> None:
    both = await world.http.post(PATH, data={**FORM, "client_secret": SECRETS[SHOP]}, auth=(SHOP, SECRETS[SHOP]))
    assert as_error(both) == (400, "invalid_request")
    other = await world.http.post(PATH, data={**FORM, "client_id": "bank"}, auth=(SHOP, SECRETS[SHOP]))
    assert as_error(other) == (401, "invalid_client")


@requirement(
    96,
    "Basic credentials are percent-decoded, and right without being encoded",
    Mutation(AUTHENTICATION, "tuple(dict.fromkeys((_decoded(secret), secret)))", "(secret,)"),
)
async def test_096_basic_is_percent_decoded(world: World) -> None:
    everything = "".join(f"%{ord(c):02X}" for c in SECRETS[SHOP])
    assert (await with_basic(world, f"%73hop:{everything}")).status_code == 200
    assert (await with_basic(world, f"{SHOP}:{SECRETS[SHOP]}")).status_code == 200
    await add(world, "percent", secret="100% secret+plus/slash-and-more-of-it")
    assert (
        await with_basic(world, "percent:" + quote("100% secret+plus/slash-and-more-of-it", safe=""))
    ).status_code == 200


@requirement(
    97,
    "The token endpoint takes POST only, ignores unknown parameters and refuses repeats",
    Mutation(
        "protocols/oauth2/endpoints.py",
        'answering(self.token), self._senders, self._clock), methods=["POST"]',
        "answering(self.token), self._senders, self._clock)",
    ),
)
async def test_097_the_token_endpoint_is_post_only(world: World) -> None:
    got = await world.http.get("/oauth2/token")
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    form = {"grant_type": GRANT, "auth_req_id": await world.approved(), "foo": "bar"}
    assert (await world.post("/oauth2/token", form)).status_code == 200
    twice = await world.http.post(
        "/oauth2/token",
        content=b"grant_type=x&grant_type=y",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(SHOP, SECRETS[SHOP]),
    )
    assert as_error(twice) == (400, "invalid_request")


@requirement(
    98,
    "A refresh token is its client's; scopes can be narrowed only, and nothing rotates by default",
    Mutation("protocols/oauth2/refresh_grant.py", "found.client_id != client.client_id", "found.client_id is None"),
    Mutation("protocols/oauth2/refresh_grant.py", "if not asked <= set(granted)", "if not asked"),
)
async def test_098_a_refresh_token_is_bound_and_narrowed(world: World) -> None:
    await add_till(world)
    await add(world, "thief", grant_types=(GRANT, REFRESH_GRANT))
    form = {"grant_type": REFRESH_GRANT}
    form["refresh_token"] = (await tokens_as(world, TILL, scope="openid offline_access"))["refresh_token"]
    assert as_error(await token_as(world, "thief", **form)) == (400, "invalid_grant")
    assert as_error(await token_as(world, TILL, **form, scope=OFFLINE)) == (400, "invalid_scope")
    narrowed = await token_as(world, TILL, **form, scope="openid")
    assert (narrowed.json()["scope"], "refresh_token" in narrowed.json()) == ("openid", False)


@requirement(
    99,
    "Tokens have at least 128 bits that nobody can guess",
    Mutation("protocols/oauth2/token_orders.py", "refresh_token=secrets.token_urlsafe(32)", 'refresh_token="r" * 43'),
    Mutation("protocols/oauth2/token_orders.py", "jti=secrets.token_urlsafe(24)", "jti=secrets.token_urlsafe(4)"),
)
async def test_099_tokens_cannot_be_guessed(world: World) -> None:
    await add_till(world)
    first, second = [await tokens_as(world, TILL, scope=OFFLINE) for _ in range(2)]
    assert len(set(first["refresh_token"])) > 16
    assert first["refresh_token"] != second["refresh_token"]
    assert len(claims_of(first["access_token"])["jti"]) >= 22


@requirement(
    100,
    "An assertion: iss = sub = client, aud, exp and a jti of single use, the registered algorithm",
    Mutation(ASSERTIONS, '"require": ["exp", "jti", "aud"]', '"require": ["jti", "aud"]'),
    Mutation(AUTHENTICATION, "if not use_assertion(", "if not shown or use_assertion("),
    Mutation(ASSERTIONS, 'or claims.get("iss") != subject', ""),
)
async def test_100_an_assertion_proves_its_client_once(world: World) -> None:
    signer = await add_signer(world)
    once = signer.proof()
    assert (await world.http.post(PATH, data={**FORM, **once})).status_code == 200
    assert as_error(await world.http.post(PATH, data={**FORM, **once})) == (401, "invalid_client")
    at = int(world.clock.now().timestamp())
    for wrong in ({"iss": "other"}, {"exp": ...}, {"exp": at - 60}, {"nbf": at + 60}, {"jti": ...}, {"aud": ...}):
        answer = await world.http.post(PATH, data={**FORM, **signer.proof(**wrong)})
        assert as_error(answer) == (401, "invalid_client"), wrong
    stranger = type(signer)(world=world, key=OTHER_KEY, headers={"kid": signer.key.kid})
    assert as_error(await world.http.post(PATH, data={**FORM, **stranger.proof()})) == (401, "invalid_client")
