"""A real server tells both clients on a real socket, by ping and by push."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from lockhouse.client import ApprovalRequest, Approved, AsyncCibaClient, CibaClient, ClientSecretBasic, Notifications
from lockhouse.client.id_tokens import RT_HASH
from lockhouse.client.starlette import notification_route
from tests.fixtures.relying_party import Person, link_in, mail_number
from tests.fixtures.server import CLIENT_SECRET, Lockhouse, running
from tests.fixtures.serving import serving

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
QUESTION = ApprovalRequest(login_hint="ann@example.com", scope="openid offline_access", requested_expiry=300)


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Starlette, str]]:
    """Yield an application of the client's on a real socket, and its origin."""
    application = Starlette()
    async with serving(application) as origin:
        yield application, origin


def approve(lockhouse: Lockhouse, number: int) -> None:
    with Person.at(link_in(mail_number(lockhouse, number))) as person:
        person.approve()


async def test_a_ping_and_a_push_reach_whoever_waits(tmp_path: Path, shop: tuple[Starlette, str]) -> None:
    application, origin = shop
    with running(tmp_path / "op", OUTGOING__ALLOWED=origin) as lockhouse:
        for mode in ("ping", "push"):
            named = ["--id", mode, "--secret", CLIENT_SECRET, "--mode", mode, "--refresh"]
            told = ["--notification-endpoint", f"{origin}/{mode}"]
            await asyncio.to_thread(lockhouse.run, "client", "add", "--config", str(lockhouse.config), *named, *told)
        proofs = {mode: ClientSecretBasic(mode, CLIENT_SECRET) for mode in ("ping", "push")}
        async with AsyncCibaClient(lockhouse.url, proofs["ping"], notifications=Notifications("ping")) as pinged:
            with CibaClient(lockhouse.url, proofs["push"], notifications=Notifications("push")) as pushed:
                application.router.routes += [notification_route("/ping", pinged), notification_route("/push", pushed)]
                asked = await pinged.ask(QUESTION)
                collected, _ = await asyncio.gather(pinged.wait(asked), asyncio.to_thread(approve, lockhouse, 1))
                other = await asyncio.to_thread(pushed.ask, QUESTION)
                delivered, _ = await asyncio.gather(
                    asyncio.to_thread(pushed.wait, other), asyncio.to_thread(approve, lockhouse, 2)
                )

    assert isinstance(collected, Approved)
    assert isinstance(delivered, Approved)
    assert delivered.claims[RT_HASH]
    assert delivered.tokens.refresh_token is not None
