"""Whatever is sent, the answer is one that the specifications know: never a 500, never an echo."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.storage import Database
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial
from protocols.oauth2_ciba import CIBA_TABLES
from tests.protocols.world import GRANT, SECRETS, SHOP, World, make_world

NAMES = st.sampled_from(
    [
        "scope",
        "login_hint",
        "id_token_hint",
        "binding_message",
        "requested_expiry",
        "acr_values",
        "request",
        "client_id",
        "client_secret",
        "client_assertion",
        "grant_type",
        "auth_req_id",
        "assertion",
        "user_code",
        "resource",
    ]
)
Send = Callable[..., httpx2.Response]
CANARY = "cAnArY"
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["openid", "ann", GRANT, SHOP, SECRETS[SHOP], "1", "-1", "9" * 30, "\u0000", "\ud7ff", CANARY]),
)
PATHS = st.sampled_from(
    ["/oauth2/bc-authorize", "/oauth2/bc-authorize/cancel", "/oauth2/token", "/oauth2/auth/callback"]
)
KNOWN = {
    *("invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client", "access_denied"),
    *("unsupported_grant_type", "unknown_user_id", "invalid_binding_message", "authorization_pending", "slow_down"),
}


@pytest.fixture(scope="module")
def send() -> Iterator[Send]:
    """Post to one world, kept for all examples: making one costs more than all that is sent to it."""
    database = Database.open("sqlite:///:memory:", repeat=True, owners=(OAUTH2_TABLES, CIBA_TABLES))

    async def enter(stack: AsyncExitStack) -> World:
        stack.push_async_callback(database.close)
        return await stack.enter_async_context(make_world(database, KeyMaterial.fresh()))

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(enter(stack))
        yield lambda path, **options: runner.run(world.http.post(path, **options))
        runner.run(stack.aclose())


@pytest.mark.parametrize("header", [True, False])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=PATHS, form=st.dictionaries(NAMES, VALUES, max_size=8))
def test_any_parameters_get_an_answer_that_the_specifications_know(
    send: Send, path: str, form: dict[str, str], header: bool
) -> None:
    auth = {"auth": (SHOP, SECRETS[SHOP])} if header else {}
    answer = send(path, data=form, **auth)
    assert answer.status_code in (200, 400, 401, 403, 409)
    body = answer.json()
    if "error" in body:
        assert body["error"] in KNOWN
        assert CANARY not in answer.text
