"""APIs under guard, in both frameworks: who enters, and what everybody else is told (requirements 119, 129 to 134)."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from lockhouse.resource import (
    ApiGuard,
    CannotJudge,
    ClientCertificates,
    InteractionIds,
    ProofMemory,
    SignedTokens,
    TokenRefused,
)
from protocols.oauth2.client_certificates import ClientCertificate
from tests.fixtures.authority import self_signed
from tests.lockhouse.resource.kit import API, APIS, ISSUER, STRANGER, Issuer, calling, proof_for, sign, starlette_api
from tests.protocols.provers import KEY, OTHER_KEY
from tests.protocols.surroundings import Hand
from tests.protocols.world import NOON

pytestmark = pytest.mark.anyio

BOUND: dict[str, Any] = {"cnf": {"jkt": KEY.kid}}


def make_guard(**options: Any) -> ApiGuard:
    tokens = SignedTokens(ISSUER, audience=API, transport=Issuer())
    return ApiGuard(tokens, address=API, **{"clock": Hand(NOON), **options})


@pytest.fixture(params=APIS)
async def http(request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of an API under guard, in each framework."""
    async with calling(APIS[request.param](make_guard())) as client:
        yield client


def headers(token: str, *proofs: str, scheme: str = "Bearer") -> list[tuple[str, str]]:
    return [("Authorization", f"{scheme} {token}"), *(("DPoP", each) for each in proofs)]


def refused(answer: httpx2.Response, status: int, challenge: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["www-authenticate"].startswith(challenge), answer.headers["www-authenticate"]


async def test_a_good_token_enters(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/pay", headers=headers(sign()))).json() == {"by": "sub-ann"}


async def test_everybody_else_is_told_what_would_do(http: httpx2.AsyncClient) -> None:
    refused(await http.get("/pay"), 401, "Bearer, DPoP algs=")
    refused(await http.get("/pay", headers={"Authorization": "Basic YTpi"}), 401, 'Bearer error="invalid_token"')
    refused(await http.get("/pay", headers=headers(sign(STRANGER))), 401, 'Bearer error="invalid_token"')
    narrow = await http.get("/pay", headers=headers(sign(scope="openid")))
    refused(narrow, 403, 'Bearer error="insufficient_scope"')
    assert narrow.headers["www-authenticate"].endswith('scope="payment"')


async def test_a_token_in_the_address_is_refused(http: httpx2.AsyncClient) -> None:
    refused(await http.get("/pay", params={"access_token": sign()}), 401, "Bearer, DPoP")
    answer = await http.get("/pay", params={"access_token": "x"}, headers=headers(sign()))
    refused(answer, 400, 'Bearer error="invalid_request"')
    refused(await http.post("/pay", data={"access_token": sign()}), 401, "Bearer, DPoP")


async def test_a_bound_token_enters_with_a_proof_and_once(http: httpx2.AsyncClient) -> None:
    token = sign(**BOUND)
    shown = proof_for(token)
    assert (await http.get("/pay", headers=headers(token, shown, scheme="DPoP"))).json() == {"by": "sub-ann"}
    refused(
        await http.get("/pay", headers=headers(token, shown, scheme="DPoP")), 401, 'DPoP error="invalid_dpop_proof"'
    )
    refused(await http.get("/pay", headers=headers(token)), 401, 'Bearer error="invalid_token"')
    refused(await http.get("/pay", headers=headers(token, proof_for(token))), 401, 'Bearer error="invalid_token"')


@pytest.mark.parametrize(
    ("bound", "proofs", "error"),
    [
        (BOUND, [], "invalid_dpop_proof"),
        (BOUND, [{}, {}], "invalid_dpop_proof"),
        (BOUND, [{"htm": "POST"}], "invalid_dpop_proof"),
        (BOUND, [{"htu": f"{API}/other"}], "invalid_dpop_proof"),
        (BOUND, [{"htu": "https://op.example/pay"}], "invalid_dpop_proof"),
        (BOUND, [{"ath": ...}], "invalid_dpop_proof"),
        (BOUND, [{"iat": int((NOON + timedelta(minutes=5)).timestamp())}], "invalid_dpop_proof"),
        (BOUND, [{"key": OTHER_KEY}], "invalid_token"),
        ({}, [{}], "invalid_token"),
    ],
)
async def test_a_thief_stays_outside(bound: dict[str, Any], proofs: list[dict[str, Any]], error: str) -> None:
    token = sign(**bound)
    async with calling(starlette_api(make_guard())) as http:
        shown = [proof_for(token, **each) for each in proofs]
        refused(await http.get("/pay", headers=headers(token, *shown, scheme="DPoP")), 401, f'DPoP error="{error}"')


async def test_the_address_is_the_guards_and_not_hosts() -> None:
    guard = ApiGuard(
        SignedTokens(ISSUER, audience=API, transport=Issuer()), address="https://example.com/v1/", clock=Hand(NOON)
    )
    token = sign(**BOUND)
    async with calling(starlette_api(guard)) as http:
        good = headers(token, proof_for(token, htu="https://example.com/v1/pay"), scheme="DPoP")
        assert (await http.get("/pay", headers=good)).status_code == 200
        refused(await http.get("/pay", headers=headers(token, proof_for(token), scheme="DPoP")), 401, "DPoP")


@pytest.mark.parametrize("path", ["/of/caf%C3%A9", "/of/caf%c3%a9", "/of/a%2Fb", "/of/a:b"])
async def test_a_path_may_be_spelt_as_it_is_sent(path: str) -> None:
    guard, token = make_guard(), sign(**BOUND)

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({"by": (await guard.check(request)).subject})

    async with calling(Starlette(routes=[Route("/of/{name:path}", answer)])) as http:
        good = headers(token, proof_for(token, htu=API + path), scheme="DPoP")
        assert (await http.get(path, params={"q": "1"}, headers=good)).json() == {"by": "sub-ann"}
        other = headers(token, proof_for(token, htu=f"{API}/of/other"), scheme="DPoP")
        refused(await http.get(path, headers=other), 401, 'DPoP error="invalid_dpop_proof"')


async def test_a_refusal_has_a_code_for_whoever_handles_it() -> None:
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""})
    with pytest.raises(TokenRefused) as caught:
        await make_guard().check(request)
    assert (caught.value.code, caught.value.status_code) == ("invalid_token", 401)


async def test_a_guard_with_a_key_asks_for_its_nonce() -> None:
    token = sign(**BOUND)
    secret = b"n" * 32
    async with calling(starlette_api(make_guard(nonce_key=secret))) as http:
        first = await http.get("/pay", headers=headers(token, proof_for(token), scheme="DPoP"))
        refused(first, 401, 'DPoP error="use_dpop_nonce"')
        named = proof_for(token, nonce=first.headers["dpop-nonce"])
        assert (await http.get("/pay", headers=headers(token, named, scheme="DPoP"))).status_code == 200
    with pytest.raises(ValueError, match="32 bytes or more") as caught:
        make_guard(nonce_key=b"secret")
    assert "secret" not in str(caught.value)


OURS, TERMINATOR, ELSEWHERE = self_signed("shop", now=NOON), "127.0.0.1", "10.0.0.0/8"


@pytest.mark.parametrize(
    ("terminator", "shown", "status"),
    [
        (TERMINATOR, OURS.headers.items(), 200),
        (TERMINATOR, self_signed("shop", now=NOON).headers.items(), 401),
        (TERMINATOR, (), 401),
        (ELSEWHERE, OURS.headers.items(), 401),
        (TERMINATOR, [*OURS.headers.items(), *OURS.headers.items()], 400),
        (TERMINATOR, [("X-SSL-Client-Cert", "none")], 400),
    ],
)
async def test_a_token_bound_to_a_certificate_enters_by_its_connection(
    terminator: str, shown: Iterable[tuple[str, str]], status: int
) -> None:
    thumbprint = ClientCertificate(OURS.der).thumbprint
    token = sign(cnf={"x5t#S256": thumbprint})
    app = ClientCertificates(starlette_api(make_guard()), terminators=[terminator])
    async with calling(app) as http:
        answer = await http.get("/pay", headers=[*headers(token), *shown])
    assert answer.status_code == status, answer.text


async def test_without_a_terminator_no_header_is_believed() -> None:
    token = sign(cnf={"x5t#S256": ClientCertificate(OURS.der).thumbprint})
    async with calling(starlette_api(make_guard())) as http:
        refused(await http.get("/pay", headers=[*headers(token), *OURS.headers.items()]), 401, "Bearer")


async def test_the_memory_of_proofs_forgets_nothing_that_still_counts() -> None:
    memory = ProofMemory(most=2)
    later = NOON + timedelta(minutes=1)
    assert await memory.use(b"a", expires_at=later, now=NOON)
    assert not await memory.use(b"a", expires_at=later, now=NOON)
    assert await memory.use(b"b", expires_at=later, now=NOON)
    with pytest.raises(CannotJudge) as full:
        await memory.use(b"c", expires_at=later, now=NOON)
    assert (full.value.code, full.value.status_code) == ("proofs_full", 503)
    assert await memory.use(b"c", expires_at=later + timedelta(minutes=1), now=later)


async def test_interactions_are_named() -> None:
    own = "c770aef3-6784-41f7-8e0e-ff5f97bddb3a"
    async with calling(InteractionIds(starlette_api(make_guard()))) as http:
        assert (await http.get("/pay", headers={"x-fapi-interaction-id": own})).headers["x-fapi-interaction-id"] == own
        made = (await http.get("/pay")).headers["x-fapi-interaction-id"]
        assert str(UUID(made)) == made != own


async def test_what_is_no_request_passes_the_middlewares() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def silent() -> Message:
        return {"type": "lifespan.startup"}

    async def nowhere(message: Message) -> None:
        seen.append(message["type"])

    await InteractionIds(ClientCertificates(app, terminators=[]))({"type": "lifespan"}, silent, nowhere)
    assert seen == ["lifespan"]
