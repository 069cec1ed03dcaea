"""What both clients promise, against the real protocol layer: journeys, refusals, and answers that are lost."""

import ast
import asyncio
from dataclasses import asdict
from functools import partial
from pathlib import Path

import httpx2
import pytest

import lockhouse.client
from lockhouse.client import (
    AnswerLost,
    ApprovalRequest,
    Approved,
    Asked,
    AsyncCibaClient,
    CibaClient,
    ClientRefused,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    Denied,
    Expired,
    Failed,
    Patience,
    Pending,
    PersonNotAsked,
    ProviderInvalid,
    Refused,
    RequestRefused,
    StillPending,
    TokenInvalid,
)
from protocols.oauth2 import CIBA_GRANT, REFRESH_GRANT, NewClient
from tests.fixtures.server import free_port
from tests.lockhouse.client.kit import BASIC, QUESTION, Side, make_resting_side, make_side, nothing
from tests.protocols.world import BANK, NOON, SECRETS, SHOP, World

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["async", "sync"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
async def side(small_world: World, kind: str) -> Side:
    return make_side(small_world, kind)


async def approve(world: World, asked: Asked) -> None:
    await world.approve(asked.auth_req_id)


async def deny(world: World, asked: Asked) -> None:
    execution = await world.claimed(asked.auth_req_id)
    await world.end("ciba.login", asked.auth_req_id, execution, "denied", by="person")


async def test_an_approval_while_one_waits_becomes_verified_tokens(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    side.days.during += [nothing, partial(approve, small_world, asked)]
    outcome = await side.do("wait", asked)

    assert isinstance(outcome, Approved)
    assert (outcome.subject, outcome.claims["amr"], outcome.tokens.scope) == ("sub-ann", ["pwd"], "openid profile")
    assert side.days.rested == [5, 5], "the interval counts from when a poll leaves"
    about = await side.do("userinfo", outcome.tokens.access_token, subject=outcome.subject)
    assert about["name"] == "Name of sub-ann"
    with pytest.raises(TokenInvalid, match="another sub"):
        await side.do("userinfo", outcome.tokens.access_token, subject="sub-bob")


async def test_a_no_and_a_silence_are_told_apart(small_world: World, side: Side) -> None:
    refused, forgotten = await side.do("ask", QUESTION), await side.do("ask", QUESTION)
    side.days.during += [partial(deny, small_world, refused)]

    assert isinstance(await side.do("wait", refused), Denied)
    assert isinstance(await side.do("wait", forgotten), Expired)


async def test_a_request_that_was_taken_back_is_no_more(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    await side.do("cancel", asked)
    await side.do("cancel", asked)

    assert isinstance(failed := await side.do("wait", asked), Failed)
    assert failed.code == "invalid_grant"
    decided = await side.do("ask", QUESTION)
    await small_world.approve(decided.auth_req_id)
    with pytest.raises(RequestRefused, match="invalid_grant"):
        await side.do("cancel", decided)


async def test_a_lost_acknowledgement_asks_nobody_twice(small_world: World, side: Side) -> None:
    side.network.path, side.network.lost = "/bc-authorize", 2
    asked = await side.do("ask", QUESTION)
    again = await side.do("ask", QUESTION, key=asked.key)

    assert len(side.network.sent_to("/bc-authorize")) == 4
    assert again.auth_req_id == asked.auth_req_id
    assert len(small_world.flows.started) == 1
    with pytest.raises(RequestRefused, match="other parameters"):
        await side.do("ask", ApprovalRequest(login_hint="bob"), key=asked.key)


async def test_a_lost_token_response_loses_no_approval(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    await small_world.approve(asked.auth_req_id)
    side.network.path, side.network.lost = "/token", 2
    outcome = await side.do("wait", asked)

    assert isinstance(outcome, Approved)
    assert len(side.network.sent_to("/token")) == 3
    assert (await side.do("introspect", outcome.tokens.access_token)).active


async def test_another_process_goes_on_waiting_with_what_was_kept(small_world: World, side: Side, kind: str) -> None:
    kept = asdict(await side.do("ask", QUESTION, key="order-17"))
    other = make_side(small_world, kind)
    other.days.during += [partial(approve, small_world, Asked(**kept))]

    assert isinstance(await other.do("wait", Asked(**kept)), Approved)


async def test_a_program_may_keep_its_own_loop(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    first = await side.do("poll", asked)
    assert isinstance(first, Pending)
    assert first.seconds == 5
    early = await side.do("poll", first.asked)
    assert isinstance(early, Pending)
    assert early.asked.interval == 10, "slow_down asks for five seconds more, for good"
    await small_world.approve(asked.auth_req_id)

    assert isinstance(await side.do("wait", early.asked), Approved)
    assert side.days.rested == [10]


async def test_waiting_ends_with_the_time_that_was_given(side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    with pytest.raises(StillPending) as pending:
        await side.do("wait", asked, seconds=12)
    with pytest.raises(StillPending):
        await side.do("wait", pending.value.asked, seconds=4)

    assert side.days.rested == [5, 5, 2, 3, 1], "who goes on keeps the pace"


async def test_an_overloaded_provider_is_left_alone_for_as_long_as_it_asks(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    busy = httpx2.Response(503, headers={"Retry-After": "17"}, json={"error": "temporarily_unavailable"})
    side.network.path, side.network.instead = "/token", [busy]
    side.days.during += [nothing, partial(approve, small_world, asked)]

    assert isinstance(await side.do("wait", asked), Approved)
    assert side.days.rested == [5, 17]


async def test_a_poll_that_is_held_back_is_the_only_one(small_world: World, kind: str) -> None:
    side = make_resting_side(small_world, kind)
    asked = await side.do("ask", QUESTION)
    waiting = asyncio.create_task(side.do("wait", asked))
    await asyncio.sleep(0.1)
    await small_world.approve(asked.auth_req_id)

    assert isinstance(await waiting, Approved)
    (poll,) = side.network.sent_to("/token")
    assert (poll.headers["prefer"], poll.headers["idempotency-key"]) == ("wait=30", asked.key)


async def test_a_status_is_told_without_tokens_and_counts_as_a_poll(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    assert await side.do("status", asked) == "pending"
    with pytest.raises(Refused, match="slow_down"):
        await side.do("status", asked)
    await small_world.approve(asked.auth_req_id)

    assert await side.do("status", asked) == "approved"
    assert isinstance(await side.do("wait", asked), Approved)


async def test_nobody_at_the_address_is_told_by_the_kind_of_error(kind: str) -> None:
    nobody = f"http://localhost:{free_port()}"
    client: AsyncCibaClient | CibaClient
    if kind == "async":
        async with AsyncCibaClient(nobody, BASIC, patience=Patience(tries=1)) as client:
            with pytest.raises(AnswerLost, match="ConnectError"):
                await client.ask(QUESTION)
    else:
        with (
            CibaClient(nobody, BASIC, patience=Patience(tries=1)) as client,
            pytest.raises(AnswerLost, match="Connect"),
        ):
            client.ask(QUESTION)


async def test_what_never_answers_is_given_up_and_nobody_claims_to_know(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    side.network.path, side.network.lost = "", 10_000
    with pytest.raises(AnswerLost, match="after 4 tries"):
        await side.do("cancel", asked)
    side.network.lost = 0
    await side.do("poll", asked)
    side.network.path, side.network.lost = "/token", 10_000
    with pytest.raises(AnswerLost, match="nobody knows"):
        await side.do("wait", asked)


@pytest.mark.parametrize(
    ("question", "error", "code"),
    [
        (ApprovalRequest(login_hint="nobody"), PersonNotAsked, "unknown_user_id"),
        (ApprovalRequest(login_hint="ann", scope="profile"), RequestRefused, "invalid_scope"),
        (ApprovalRequest(login_hint="ann", binding_message="x" * 300), RequestRefused, "invalid_binding_message"),
    ],
)
async def test_a_refusal_names_who_must_act(
    side: Side, question: ApprovalRequest, error: type[Refused], code: str
) -> None:
    with pytest.raises(error) as caught:
        await side.do("ask", question)

    assert caught.value.code == code


async def test_a_wrong_secret_is_the_clients_affair_and_not_repeated_to_anybody(small_world: World, kind: str) -> None:
    with pytest.raises(ClientRefused, match="invalid_client") as caught:
        await make_side(small_world, kind, ClientSecretBasic(SHOP, "hunter2")).do("ask", QUESTION)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("method", [ClientSecretBasic, ClientSecretPost])
async def test_a_secret_proves_the_client(
    small_world: World, kind: str, method: type[ClientSecretBasic | ClientSecretPost]
) -> None:
    asked = await make_side(small_world, kind, method(BANK, SECRETS[BANK])).do("ask", QUESTION)

    assert (await small_world.row(asked.auth_req_id)).client_id == BANK


async def test_tokens_are_given_back(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    await small_world.approve(asked.auth_req_id)
    tokens = (await side.do("wait", asked)).tokens
    await side.do("revoke", tokens.access_token)

    assert not (await side.do("introspect", tokens.access_token)).active
    with pytest.raises(Refused, match="invalid_token"):
        await side.do("userinfo", tokens.access_token, subject="sub-ann")


async def test_an_approval_that_lasts_is_renewed_until_it_is_given_back(small_world: World, kind: str) -> None:
    lasting = NewClient(
        client_id="lasting",
        secret=SECRETS[BANK],
        grant_types=(CIBA_GRANT, REFRESH_GRANT),
        scopes=("openid", "offline_access"),
    )
    clients = small_world.records.clients
    await small_world.database.run(lambda unit: clients.add(unit, lasting, now=NOON))
    side = make_side(small_world, kind, ClientSecretBasic("lasting", SECRETS[BANK]))
    asked = await side.do("ask", ApprovalRequest(login_hint="ann", scope="openid offline_access"))
    await small_world.approve(asked.auth_req_id)
    first = await side.do("wait", asked)
    side.network.path, side.network.lost = "/token", 1
    again = await side.do("refresh", first.tokens.refresh_token, subject=first.subject)

    assert again.claims["sub"] == "sub-ann"
    assert again.tokens.access_token != first.tokens.access_token
    assert again.tokens.refresh_token == first.tokens.refresh_token
    with pytest.raises(TokenInvalid, match="sub"):
        await side.do("refresh", first.tokens.refresh_token, subject="somebody else")
    await side.do("revoke", again.tokens.refresh_token)
    with pytest.raises(RequestRefused, match="invalid_grant"):
        await side.do("refresh", first.tokens.refresh_token)


async def test_metadata_of_another_issuer_are_not_believed(small_world: World, kind: str) -> None:
    side = make_side(small_world, kind)
    told = (await small_world.http.get("/.well-known/openid-configuration")).json()
    side.network.path = "/openid-configuration"
    side.network.instead = [httpx2.Response(200, json={**told, "issuer": "https://op.example/"})]

    with pytest.raises(ProviderInvalid, match="exactly"):
        await side.do("ask", QUESTION)


async def test_tokens_that_do_not_verify_are_not_given_out(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    await small_world.approve(asked.auth_req_id)
    answer = (await small_world.poll(asked.auth_req_id)).json()
    head, claims, signature = answer["id_token"].split(".")
    forged = ".".join([head, claims, signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]])
    side.network.path, side.network.instead = "/token", [httpx2.Response(200, json={**answer, "id_token": forged})]

    with pytest.raises(TokenInvalid, match="another signature") as caught:
        await side.do("wait", asked)
    assert answer["access_token"] not in str(caught.value)


@pytest.mark.parametrize(("late", "found"), [(59, False), (60, True)])
async def test_a_key_that_is_not_known_is_looked_for_once_a_minute(
    small_world: World, side: Side, late: float, found: bool
) -> None:
    side.network.path, side.network.instead = "/jwks", [httpx2.Response(200, json={"keys": []})]
    asked = await side.do("ask", QUESTION)
    with pytest.raises(StillPending):
        await side.do("wait", asked, seconds=0)
    small_world.clock.forward(late)
    await small_world.approve(asked.auth_req_id)

    if found:
        assert isinstance(await side.do("poll", asked), Approved)
    else:
        with pytest.raises(TokenInvalid, match="publishes"):
            await side.do("poll", asked)
    assert len(side.network.sent_to("/jwks")) == 1 + found


async def test_nothing_secret_shows_when_values_are_printed(small_world: World, side: Side) -> None:
    asked = await side.do("ask", QUESTION)
    await small_world.approve(asked.auth_req_id)
    outcome = await side.do("wait", asked)
    secret = (asked.auth_req_id, outcome.tokens.access_token, outcome.tokens.id_token, SECRETS[SHOP], "ann")
    printed = repr((asked, outcome.tokens, BASIC, QUESTION, ClientSecretJwt(SHOP, SECRETS[SHOP])))

    assert not [each for each in secret if each in printed]


def test_the_client_needs_nothing_of_the_server() -> None:
    folder = Path(lockhouse.client.__file__).parent
    needed = {
        (node.module or "").partition(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name.split(".")[0]
        for file in folder.glob("*.py")
        if file.name != "starlette.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    ours = {
        name.module or ""
        for file in folder.glob("*.py")
        for name in ast.walk(ast.parse(file.read_text()))
        if isinstance(name, ast.ImportFrom)
    }

    assert needed - set(__import__("sys").stdlib_module_names) == {"lockhouse", "httpx2", "jwt"}
    assert not [name for name in ours if name.startswith("lockhouse") and not name.startswith("lockhouse.client")]
