"""Servers of clients that we call: endpoints of notifications, keys, logos. All of them over real sockets."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from engine import Refused, Transient
from lockhouse.courier import OutgoingKeys, OutgoingNotifications
from lockhouse.outgoing import Outgoing
from protocols.oauth2 import KeysNotThere
from protocols.oauth2_ciba.notifications import judge
from tests.abuse.attacks import Who, attack
from tests.lockhouse.local_servers import LocalServer, answering, plain, serving, silent
from tests.spec.registering import Registrar

pytestmark = pytest.mark.anyio

ENDPOINT: Who = "a hostile notification endpoint"
KEYS: Who = "a hostile server of keys"
ORIGIN = "http://client.example:{}"


@asynccontextmanager
async def calling(server: LocalServer, *addresses: str, allowed: bool = True) -> AsyncIterator[Outgoing]:
    """Yield the outgoing client; the server's name has *addresses*, and its origin may be inside where *allowed*."""

    async def resolve(_host: str, _port: int) -> tuple[str, ...]:
        return addresses or ("127.0.0.1",)

    outgoing = Outgoing(
        allowed=(ORIGIN.format(server.port),) if allowed else (),
        timeout=timedelta(seconds=0.5),
        max_bytes=10_000,
        resolve=resolve,
    )
    try:
        yield outgoing
    finally:
        await outgoing.close()


async def notify(outgoing: Outgoing, server: LocalServer) -> int:
    """Call the endpoint as a ping does."""
    url = ORIGIN.format(server.port)
    return await OutgoingNotifications(outgoing=outgoing).post(url, token="t", body=b"{}")


async def fetch(outgoing: Outgoing, server: LocalServer) -> bytes:
    """Fetch a key set."""
    return await OutgoingKeys(outgoing=outgoing).fetch(ORIGIN.format(server.port))


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one byte at a time, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a gigabyte, as long as somebody reads."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(1_000):
        writer.write(b"x" * 1_000_000)
        await writer.drain()


def bomb() -> bytes:
    """Return twenty megabytes of zeros as a few kilobytes of gzip."""
    packed = gzip.compress(bytes(20_000_000))
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed


@attack(ENDPOINT, "never answers, or one byte at a time", "a limit for the whole call, and the approval does not wait")
async def test_a_slow_endpoint_costs_its_limit_and_no_more() -> None:
    for speak in (silent, drip):
        async with serving(speak) as server, calling(server) as outgoing:
            with pytest.raises(Transient):
                await notify(outgoing, server)


@attack(ENDPOINT, "answers without end, or with a bomb of gzip", "reading stops at a limit of unpacked bytes")
async def test_an_endless_answer_is_not_read() -> None:
    for speak in (endless, answering(bomb())):
        async with serving(speak) as server, calling(server) as outgoing:
            with pytest.raises(Transient):
                await notify(outgoing, server)


@attack(ENDPOINT, "redirects to a service inside", "redirects are not followed, and are the last word")
async def test_a_redirect_leads_nowhere() -> None:
    async with serving(plain()) as inside:
        moved = plain(status="307 Temporary Redirect", headers=f"Location: http://127.0.0.1:{inside.port}/\r\n")
        async with serving(moved) as server, calling(server) as outgoing:
            status = await notify(outgoing, server)
            with pytest.raises(Refused):
                judge(status)
    assert inside.connections == 0


@attack(ENDPOINT, "has a name that means an address inside", "each address is checked, and only a checked one called")
async def test_names_of_addresses_inside_are_not_called() -> None:
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "::ffff:127.0.0.1"):
        async with serving(plain()) as server, calling(server, "93.184.216.34", address, allowed=False) as outgoing:
            url = f"https://client.example:{server.port}"
            with pytest.raises(Refused):
                await OutgoingNotifications(outgoing=outgoing).post(url, token="t", body=b"{}")
        assert server.connections == 0, address


@attack(ENDPOINT, "is asked in clear", "https only, but for origins that the settings name")
async def test_nothing_is_told_in_clear() -> None:
    async with serving(plain()) as server, calling(server, allowed=False) as outgoing:
        with pytest.raises(Refused):
            await notify(outgoing, server)
    assert server.connections == 0


@attack(KEYS, "never answers, drips, or sends a gigabyte or a bomb of gzip", "one limit of time, one of unpacked bytes")
async def test_a_bad_server_of_keys_costs_its_limits() -> None:
    for speak in (silent, drip, endless, answering(bomb())):
        async with serving(speak) as server, calling(server) as outgoing:
            with pytest.raises(KeysNotThere):
                await fetch(outgoing, server)


@attack(KEYS, "redirects to a service inside", "redirects are not followed")
async def test_keys_are_not_looked_for_elsewhere() -> None:
    async with serving(plain()) as inside:
        moved = plain(status="302 Found", headers=f"Location: http://127.0.0.1:{inside.port}/\r\n")
        async with serving(moved) as server, calling(server) as outgoing:
            with pytest.raises(KeysNotThere):
                await fetch(outgoing, server)
    assert inside.connections == 0


@attack(KEYS, "changes what its name means once it was checked", "a name is resolved once for each call")
async def test_a_name_cannot_change_in_between() -> None:
    answers = [("93.184.216.34",), ("127.0.0.1",)]

    async def rebinding(_host: str, _port: int) -> tuple[str, ...]:
        return answers.pop(0)

    async with serving(plain()) as server:
        outgoing = Outgoing(timeout=timedelta(seconds=0.2), resolve=rebinding)
        with pytest.raises(KeysNotThere):
            await OutgoingKeys(outgoing=outgoing).fetch(f"https://client.example:{server.port}")
        with pytest.raises(KeysNotThere, match="not public"):
            await OutgoingKeys(outgoing=outgoing).fetch(f"https://client.example:{server.port}")
        await outgoing.close()
    assert server.connections == 0


@attack("a hostile server of logos", "is called for a picture, or shown to people", "a client's logo is never fetched")
async def test_a_logo_is_an_address_and_nothing_more(registrar: Registrar) -> None:
    told = await registrar.registered(logo_uri="https://10.0.0.1/logo.svg")
    assert told["logo_uri"] == "https://10.0.0.1/logo.svg"
    assert registrar.world.shelf.fetched == []
    auth = (told["client_id"], told["client_secret"])
    form = {"scope": "openid", "login_hint": "ann"}
    asked = await registrar.world.http.post("/oauth2/bc-authorize", data=form, auth=auth)
    row = await registrar.world.row(asked.json()["auth_req_id"])
    assert "logo" not in str(registrar.world.flows.started[row.flow_execution_id].inputs)
