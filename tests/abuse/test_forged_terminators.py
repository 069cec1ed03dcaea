"""Somebody who reaches the server's own port, or a careless terminator, with the certificate of somebody else."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network

import httpx2
import pytest
from starlette.applications import Starlette

from lockhouse.answers import plain_answer
from lockhouse.terminators import CertificateHeaders
from protocols.oauth2_ciba.endpoints import protocol_routes
from tests.abuse.attacks import Who, attack
from tests.fixtures.authority import self_signed
from tests.protocols.world import ISSUER, NOON, World
from tests.spec.suite_clients import SuitePair

pytestmark = pytest.mark.anyio

FORGER: Who = "somebody who poses as the TLS terminator"
TERMINATOR, FOREIGNER = "10.1.0.5", "203.0.113.9"


@asynccontextmanager
async def reached_from(world: World, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a connection from *address* to a server whose terminators are 10.1.0.0/24."""
    routes = Starlette(routes=protocol_routes(world.ciba))
    trusted = (ip_network("10.1.0.0/24"),)
    app = CertificateHeaders(routes, terminators=trusted, header="x-ssl-client-cert", respond=plain_answer)
    transport = httpx2.ASGITransport(app=app, client=(address, 40_000))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield http


async def asked(pair: SuitePair, address: str, headers: Sequence[tuple[str, str]]) -> int:
    form = {**pair.first.proof(), "request": pair.first.request_object(binding_message="1234")}
    async with reached_from(pair.world, address) as http:
        return (await http.post("/oauth2/bc-authorize", data=form, headers=list(headers))).status_code


@attack(
    FORGER,
    "sends the victim's certificate in the header, and says to be the terminator in every header about forwarding",
    "the header counts from the socket's peer alone, and is dropped from everybody else",
)
async def test_a_header_from_elsewhere_is_nobodys(suite: dict[str, SuitePair]) -> None:
    pair = suite["mtls"]
    shown = list(pair.first.connection.items())
    forwarded = [
        ("X-Forwarded-For", TERMINATOR),
        ("X-Real-IP", TERMINATOR),
        ("Forwarded", f"for={TERMINATOR}"),
        ("X-Forwarded-Proto", "https"),
    ]
    assert await asked(pair, FOREIGNER, [*shown, *forwarded]) == 401
    assert await asked(pair, FOREIGNER, shown) == 401
    assert await asked(pair, TERMINATOR, shown) == 200


@attack(
    FORGER,
    "sends the header through a terminator that adds its own and keeps the client's",
    "two instances are 400, whatever they hold",
)
async def test_a_header_that_came_twice_is_refused(suite: dict[str, SuitePair]) -> None:
    pair = suite["mtls"]
    ((name, mine),) = pair.first.connection.items()
    ((_, theirs),) = pair.second.connection.items()
    for second in (theirs, mine, ""):
        assert await asked(pair, TERMINATOR, [(name, mine), (name, second)]) == 400
    assert await asked(pair, TERMINATOR, [(name, f"{mine},{theirs}")]) == 400


@attack(
    FORGER,
    "uses the other form of the header, which the terminator does not clear",
    "each name of either form is taken out of a request, and only the configured one is read",
)
async def test_the_other_form_is_not_read(suite: dict[str, SuitePair]) -> None:
    pair = suite["mtls"]
    held = self_signed("suite-1", now=NOON)
    assert await asked(pair, TERMINATOR, [("Client-Cert", ":AAAA:")]) == 401
    assert await asked(pair, TERMINATOR, list(held.headers.items())) == 401, "only the victim's subject"
