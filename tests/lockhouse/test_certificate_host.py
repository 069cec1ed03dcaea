"""The second host, at which clients show certificates: it has what they call, and nothing for people."""

from ipaddress import ip_network

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lockhouse.application import build_application
from lockhouse.mtls_settings import MtlsSection
from protocols.oauth2.client_certificates import certificate_of
from tests.fixtures.authority import self_signed
from tests.protocols.world import NOON

pytestmark = pytest.mark.anyio

HELD = self_signed("shop", now=NOON)
PATHS = ("/oauth2/token", "/oauth2/authorize", "/inbox")
SECTION = MtlsSection(terminators=("127.0.0.1",), address="https://mtls.id.example")


async def tell(request: Request) -> PlainTextResponse:
    return PlainTextResponse("a certificate" if certificate_of(request) else "none")


async def ask(path: str, host: str, *, section: MtlsSection | None = SECTION, peer: str = "127.0.0.1") -> str:
    routes = [Route(each, tell) for each in PATHS]
    app = build_application(issuer="https://id.example", routes=routes, ready={}, certificates=section)
    transport = httpx2.ASGITransport(app=app, client=(peer, 40_000))
    async with httpx2.AsyncClient(transport=transport, base_url="https://id.example") as http:
        answer = await http.get(path, headers={"Host": host, **HELD.headers})
    return answer.text if answer.status_code == 200 else str(answer.status_code)


@pytest.mark.parametrize("host", ["mtls.id.example", "MTLS.id.example:443", "id.example"])
async def test_both_hosts_have_what_clients_call(host: str) -> None:
    assert await ask("/oauth2/token", host) == "a certificate"
    assert await ask("/oauth2/token", host, peer="192.0.2.1") == "none"


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/inbox"])
async def test_people_are_served_under_the_issuer_alone(path: str) -> None:
    assert await ask(path, "id.example") != "421"
    assert await ask(path, "mtls.id.example") == "421"


async def test_without_the_setting_there_is_one_host_and_no_certificate() -> None:
    assert await ask("/oauth2/token", "mtls.id.example", section=None) == "421"
    assert await ask("/oauth2/token", "id.example", section=None) == "none"


def test_a_terminator_is_an_address_or_a_network() -> None:
    assert MtlsSection(terminators=("10.1.0.0/24", "::1")).networks == (ip_network("10.1.0.0/24"), ip_network("::1"))
