"""1M. Errors of the token endpoint (CIBA Core section 11)."""

import pytest

from tests.protocols.world import GRANT, PUSHY, SECRETS, World, as_error
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

EVALUATION = "protocols/oauth2_ciba/evaluation.py"


def answers(state: str, error: str, other: str) -> Mutation:
    return Mutation(EVALUATION, f'State.{state}: ("{error}"', f'State.{state}: ("{other}"')


@requirement(
    65,
    "`authorization_pending` while the person has not decided",
    answers("PENDING", "authorization_pending", "slow_down"),
)
async def test_065_authorization_pending(world: World) -> None:
    assert as_error(await world.poll(await world.asked())) == (400, "authorization_pending")


@requirement(
    66,
    "`slow_down` for a poll that comes too early",
    Mutation(EVALUATION, 'OAuthError("slow_down"', 'OAuthError("authorization_pending"'),
)
async def test_066_slow_down(world: World) -> None:
    auth_req_id = await world.asked()
    await world.poll(auth_req_id)
    assert as_error(await world.poll(auth_req_id)) == (400, "slow_down")


@requirement(
    67,
    "`expired_token` after expiry, also days later",
    answers("EXPIRED", "expired_token", "invalid_grant"),
    Mutation(
        "protocols/oauth2_ciba/settings.py",
        "keep_final: timedelta = timedelta(days=7)",
        "keep_final: timedelta = timedelta(0)",
    ),
)
async def test_067_expired_token(world: World) -> None:
    auth_req_id = await world.asked()
    world.clock.forward(121)
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")
    await world.sweep()
    world.clock.forward(6 * 24 * 3600)
    await world.sweep()
    assert as_error(await world.poll(auth_req_id)) == (400, "expired_token")


@requirement(
    68,
    "`access_denied` where the person refused, with 400",
    answers("DENIED", "access_denied", "invalid_grant"),
)
async def test_068_access_denied(world: World) -> None:
    auth_req_id = await world.asked()
    await world.end("ciba.login", auth_req_id, await world.claimed(auth_req_id), "denied", by="person")
    for _ in range(2):
        assert as_error(await world.poll(auth_req_id)) == (400, "access_denied")


@requirement(
    69,
    "`invalid_grant` for what is unknown, another client's or redeemed",
    Mutation(EVALUATION, 'return OAuthError("invalid_grant", _GONE)', 'return OAuthError("expired_token", _GONE)'),
)
async def test_069_invalid_grant(world: World) -> None:
    assert as_error(await world.poll("never-given")) == (400, "invalid_grant")
    auth_req_id = await world.approved()
    assert (await world.poll(auth_req_id)).status_code == 200
    assert as_error(await world.poll(auth_req_id)) == (400, "invalid_grant")


@requirement(
    70,
    "`unauthorized_client` for a client without the grant type",
    Mutation(
        "protocols/oauth2/client_authentication.py",
        "if grant_type not in client.grant_types:",
        "if not grant_type:",
    ),
)
async def test_070_unauthorized_client(world: World) -> None:
    answer = await world.poll("whatever", client=PUSHY)
    assert as_error(answer) == (400, "unauthorized_client")


@requirement(
    71,
    "`invalid_request` for what is malformed",
    Mutation("protocols/oauth2/errors.py", 'return OAuthError("invalid_request"', 'return OAuthError("invalid"'),
)
async def test_071_invalid_request(world: World) -> None:
    assert as_error(await world.post("/oauth2/token", {"grant_type": GRANT})) == (400, "invalid_request")
    assert as_error(await world.post("/oauth2/token", {})) == (400, "invalid_request")


@requirement(
    72,
    "`invalid_client` for failed authentication, with 401",
    Mutation("protocols/oauth2/errors.py", '{"invalid_client": 401, ', "{"),
)
async def test_072_invalid_client(world: World) -> None:
    form = {"grant_type": GRANT, "auth_req_id": "x"}
    wrong = await world.http.post("/oauth2/token", data=form, auth=("shop", SECRETS["bank"]))
    assert as_error(wrong) == (401, "invalid_client")


@requirement(
    73,
    "`unsupported_grant_type` for a grant type that we do not know",
    Mutation("protocols/oauth2/endpoints.py", '"unsupported_grant_type"', '"invalid_request"'),
)
async def test_073_unsupported_grant_type(world: World) -> None:
    answer = await world.post("/oauth2/token", {"grant_type": "password", "username": "ann", "password": "x"})
    assert as_error(answer) == (400, "unsupported_grant_type")
