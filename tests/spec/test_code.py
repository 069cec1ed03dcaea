"""The authorization code grant and pushed requests (RFC 9207, RFC 7636, RFC 6749 section 4.1, RFC 9126, OIDC Core)."""

from collections.abc import AsyncIterator, Sequence

import pytest

from engine.storage import ENGINE_TABLES, Database, TableOwner
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_code import CODE_TABLES
from tests.protocols.oauth2_code.conftest import (
    APP,
    BACK,
    CHALLENGE,
    OTHER,
    SECRETS,
    CodeWorld,
    make_code_world,
    members_of,
)
from tests.protocols.world import ISSUER
from tests.spec.parties import claims_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

PARAMETERS = "protocols/oauth2_code/parameters.py"
REDEMPTION = "protocols/oauth2_code/redemption.py"
REQUESTS = "protocols/oauth2_code/requests.py"


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES, CODE_TABLES)


@pytest.fixture
async def code(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[CodeWorld]:
    """A world with the code grant in it."""
    async with make_code_world(sqlite_database, key_material) as made:
        yield made


async def refused(code: CodeWorld, **changes: str | None) -> dict[str, str]:
    """Return what the client is told in the address that the browser is sent back to."""
    answer = await code.authorize(**changes)
    assert answer.status_code == 303, answer.text
    return members_of(answer.headers["location"])


@requirement(
    161,
    "The answer names the issuer in `iss`, success and error alike (RFC 9207)",
    Mutation("protocols/oauth2_code/responses.py", '"iss": issuer', '"issuer": issuer'),
)
async def test_161_the_answer_names_its_issuer(code: CodeWorld) -> None:
    assert (await refused(code, prompt="none"))["iss"] == ISSUER
    link = await code.link()
    await code.approved(link)
    assert members_of(await code.leave(link) or "")["iss"] == ISSUER


@requirement(
    162,
    "PKCE with S256 is required (RFC 7636)",
    Mutation(
        PARAMETERS, 'if form.get("code_challenge_method") != "S256":', 'if form.get("code_challenge_method") == "x":'
    ),
    Mutation(REDEMPTION, "and request.proves(verifier) and", "and verifier and"),
)
async def test_162_a_verifier_is_required(code: CodeWorld) -> None:
    for wrong in ({"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}):
        assert (await refused(code, **wrong))["error"] == "invalid_request", wrong
    given = await code.code()
    assert (await code.redeem(given, {"code_verifier": "w" * 43})).json()["error"] == "invalid_grant"
    assert (await code.redeem(given)).status_code == 200


@requirement(
    163,
    "The redirect URI is compared character by character",
    Mutation(PARAMETERS, "if asked not in client.redirect_uris:", "if not asked.startswith(client.redirect_uris):"),
)
async def test_163_the_redirect_uri_is_the_registered_one(code: CodeWorld) -> None:
    for wrong in (f"{BACK}/", BACK.upper(), "https://app.example/back", None):
        answer = await code.authorize(redirect_uri=wrong)
        assert (answer.status_code, "location" in answer.headers) == (400, False), wrong


@requirement(
    164,
    "A code counts once, for sixty seconds, and for its client and redirect URI",
    Mutation(REQUESTS, "CODE_LIFE = timedelta(seconds=60)", "CODE_LIFE = timedelta(seconds=600)"),
    Mutation(REDEMPTION, "or found.client_id != client.client_id", ""),
    Mutation(REDEMPTION, "and redirect_uri == request.redirect_uri", ""),
    Mutation(REDEMPTION, "if found.status is Status.REDEEMED:", "if found.status is None:"),
)
async def test_164_a_code_counts_once(code: CodeWorld) -> None:
    given = await code.code()
    assert (await code.redeem(given, client=OTHER)).json()["error"] == "invalid_grant"
    assert (await code.redeem(given, {"redirect_uri": f"{BACK}/"})).json()["error"] == "invalid_grant"
    token = (await code.redeem(given)).json()["access_token"]
    assert (await code.redeem(given)).json()["error"] == "invalid_grant"
    told = await code.http.get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert told.status_code == 401
    link = await code.link()
    await code.open(link, "e2")
    assert await code.claim(link, execution="e2")
    assert (await code.receive(await code.assertion(link, "e2")))[0]
    assert await code.leave(link, "e2", "another-code") is not None
    code.world.clock.forward(60)
    assert (await code.redeem("another-code")).json()["error"] == "invalid_grant"


@requirement(
    165,
    "A pushed request counts once, for ninety seconds, and for its client (RFC 9126)",
    Mutation("protocols/oauth2_code/pushed.py", "timedelta(seconds=90)", "timedelta(seconds=900)"),
)
async def test_165_a_pushed_request_counts_once(code: CodeWorld) -> None:
    asked = {"response_type": "code", "redirect_uri": BACK, "scope": "openid", "code_challenge": CHALLENGE}

    async def pushed() -> str:
        form = {**asked, "code_challenge_method": "S256"}
        answer = await code.http.post("/oauth2/par", data=form, auth=(APP, SECRETS[APP]))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    async def used(name: str, client: str = APP) -> int:
        sent = {"client_id": client, "request_uri": name}
        return (await code.http.get("/oauth2/authorize", params=sent)).status_code

    name = await pushed()
    assert [await used(name, OTHER), await used(name), await used(name)] == [400, 303, 400]
    late = await pushed()
    code.world.clock.forward(90)
    assert await used(late) == 400


@requirement(
    166,
    "`nonce` comes back, `at_hash` is right, and `prompt=none` is `login_required`",
    Mutation(REDEMPTION, "nonce=judged.request.nonce,", "nonce=None,"),
    Mutation(PARAMETERS, 'OAuthError("login_required"', 'OAuthError("access_denied"'),
)
async def test_166_the_nonce_comes_back(code: CodeWorld) -> None:
    tokens = (await code.redeem(await code.code())).json()
    claims = claims_of(tokens["id_token"])
    assert (claims["nonce"], claims["sub"]) == ("n-1", "sub-ann")
    assert claims["at_hash"]
    assert (await refused(code, prompt="none"))["error"] == "login_required"
