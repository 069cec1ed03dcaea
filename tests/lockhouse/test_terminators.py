"""Who is believed about a client's certificate: terminators that are listed, by the socket's peer, and nobody else."""

import base64
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lockhouse.answers import plain_answer
from lockhouse.terminators import CertificateHeaders, HeaderName
from protocols.oauth2.client_certificates import ClientCertificate, certificate_of
from tests.fixtures.authority import Authority
from tests.protocols.world import NOON

pytestmark = pytest.mark.anyio

ROOT = Authority("Root", NOON)
HELD = ROOT.issue("shop")
PEM = HELD.headers["X-SSL-Client-Cert"]
THUMBPRINT = ClientCertificate(HELD.der).thumbprint
ITEM = f":{base64.b64encode(HELD.der).decode()}:"
INSIDE, OUTSIDE = "10.1.0.9", "192.0.2.1"
NGINX, RFC9440 = "x-ssl-client-cert", "client-cert"


async def tell(request: Request) -> JSONResponse:
    found = certificate_of(request)
    headers = sorted(name for name in request.headers if "cert" in name)
    return JSONResponse(
        {"thumbprint": found and found.thumbprint, "chain": len(found.chain) if found else 0} | {"seen": headers}
    )


async def send(
    *headers: tuple[str, str], peer: Any = INSIDE, header: HeaderName = "x-ssl-client-cert"
) -> httpx2.Response:
    networks = (ip_network("10.1.0.0/24"), ip_network("::1"), ip_network("::ffff:10.2.0.0/120"))
    routes = [Route("/", tell)]
    app = CertificateHeaders(Starlette(routes=routes), terminators=networks, header=header, respond=plain_answer)
    transport = httpx2.ASGITransport(app=app, client=(peer, 40_000))
    async with httpx2.AsyncClient(transport=transport, base_url="https://op.example") as http:
        return await http.get("/", headers=list(headers))


async def found_by(*headers: tuple[str, str], **how: Any) -> str | None:
    answer = await send(*headers, **how)
    assert answer.status_code == 200, answer.text
    assert answer.json()["seen"] == []
    thumbprint: str | None = answer.json()["thumbprint"]
    return thumbprint


async def test_a_terminator_is_believed_in_the_form_that_is_set() -> None:
    assert await found_by((NGINX, PEM)) == THUMBPRINT
    assert await found_by((RFC9440, ITEM), header="client-cert") == THUMBPRINT
    assert await found_by((RFC9440, ITEM)) is None
    assert await found_by((NGINX, PEM), header="client-cert") is None
    assert await found_by((NGINX, PEM), peer="::1") == THUMBPRINT
    assert await found_by((NGINX, PEM), peer="::ffff:10.1.0.9") == THUMBPRINT
    assert await found_by((NGINX, PEM), peer="10.2.0.9") == THUMBPRINT
    assert await found_by((NGINX, PEM), peer="::ffff:10.2.0.9") == THUMBPRINT
    assert await found_by((NGINX, PEM), peer="10.2.1.9") is None


async def test_a_chain_comes_along() -> None:
    answer = await send((RFC9440, ITEM), ("client-cert-chain", f"{ITEM}, {ITEM}"), header="client-cert")
    assert answer.json()["chain"] == 2


async def test_without_a_certificate_there_is_none() -> None:
    assert await found_by() is None
    assert await found_by((NGINX, "")) is None


@pytest.mark.parametrize("peer", [OUTSIDE, "10.1.1.1", "::2", "testclient", ""])
async def test_a_header_from_anybody_else_is_dropped_unread(peer: str) -> None:
    assert await found_by((NGINX, PEM), peer=peer) is None
    assert await found_by((NGINX, PEM), (NGINX, PEM), peer=peer) is None
    assert await found_by((RFC9440, "rubbish"), peer=peer, header="client-cert") is None


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Client-Cert"])
async def test_a_forged_forwarding_makes_nobody_a_terminator(name: str) -> None:
    value = f"for={INSIDE}" if name == "Forwarded" else INSIDE
    answer = await send((NGINX, PEM), (name, value), peer=OUTSIDE)
    assert answer.json()["thumbprint"] is None


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ([(NGINX, PEM), (NGINX, PEM)], NGINX),
        ([(NGINX, ""), (NGINX, PEM)], NGINX),
        ([(NGINX, f"{PEM}, {PEM}")], NGINX),
        ([(NGINX, "rubbish")], NGINX),
        ([(RFC9440, ITEM), (RFC9440, ITEM)], RFC9440),
        ([(RFC9440, f"{ITEM}, {ITEM}")], RFC9440),
        ([(RFC9440, ITEM), ("client-cert-chain", ITEM), ("client-cert-chain", ITEM)], RFC9440),
        ([(RFC9440, ITEM), ("client-cert-chain", "rubbish")], RFC9440),
    ],
)
async def test_a_header_that_stands_twice_or_is_none_is_refused(headers: Any, form: HeaderName) -> None:
    answer = await send(*headers, header=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "rubbish" not in answer.text
