"""What surrounds every route, on a real uvicorn on loopback."""

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from lockhouse.application import MOST_BODY_BYTES, build_application
from lockhouse.edge import host_of
from lockhouse.serve import bind, build_server

pytestmark = pytest.mark.anyio


class Busy(Exception):
    code = "busy"


async def read_all(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def fail(_request: Request) -> Response:
    raise RuntimeError("canary-of-the-inside")


async def be_busy(_request: Request) -> Response:
    raise Busy


async def method_of(request: Request) -> Response:
    return PlainTextResponse(request.method)


ROUTES: list[BaseRoute] = [
    Route("/token", read_all, methods=["POST"]),
    Route("/fail", fail, methods=["GET"]),
    Route("/busy", be_busy, methods=["GET"]),
    Route("/both", method_of, methods=["GET"]),
    Route("/both", method_of, methods=["POST"]),
    Route("/a/{token}", method_of, methods=["GET"]),
]


@asynccontextmanager
async def running(check: Callable[[], None] = lambda: None) -> AsyncIterator[httpx2.AsyncClient]:
    listener = bind("127.0.0.1", 0)
    issuer = f"http://localhost:{listener.getsockname()[1]}"

    async def ready() -> None:
        check()

    application = build_application(issuer=issuer, routes=ROUTES, ready={"database": ready}, busy=(Busy,))
    started = asyncio.Event()
    server = build_server(application, on_started=started.set)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await started.wait()
    async with httpx2.AsyncClient(base_url=issuer, trust_env=False) as client:
        yield client
    server.should_exit = True
    await task


async def test_an_address_that_does_not_exist_is_404_in_json() -> None:
    async with running() as client:
        answer = await client.get("/nothing")

    assert answer.status_code == 404
    told = "there is nothing at this address; /.well-known/openid-configuration names ours"
    assert answer.json() == {"error": "not_found", "error_description": told}


async def test_a_person_in_a_browser_reads_a_page_instead() -> None:
    async with running() as client:
        answer = await client.get("/nothing", headers={"Accept": "text/html,*/*"})

    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


async def test_get_where_post_belongs_is_405_with_allow() -> None:
    async with running() as client:
        answer = await client.get("/token")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json()["error"] == "method_not_allowed"


async def test_allow_names_the_methods_of_every_route_of_the_address() -> None:
    async with running() as client:
        answer = await client.delete("/both")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_a_slash_too_many_is_not_redirected() -> None:
    async with running() as client:
        assert (await client.post("/token/")).status_code == 404


async def test_head_is_served_as_get_without_a_body() -> None:
    async with running() as client:
        get, head = await client.get("/both"), await client.head("/both")

    assert get.text == "GET"
    assert (head.status_code, head.headers["content-length"], head.text) == (200, "3", "")


@pytest.mark.parametrize("host", ["id.example", "127.0.0.1", "localhost", "localhost:1", ""])
async def test_a_request_for_another_host_is_421(host: str) -> None:
    async with running() as client:
        answer = await client.get("/both", headers={"Host": host})

    assert answer.status_code == 421
    assert answer.json()["error"] == "misdirected_request"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_answers_for_any_host(path: str) -> None:
    async with running() as client:
        assert (await client.get(path, headers={"Host": "10.0.0.7"})).status_code == 200


async def test_readiness_names_what_is_not_ready() -> None:
    def broken() -> None:
        raise ConnectionError("the database is away")

    async with running(broken) as client:
        ready, alive = await client.get("/readyz"), await client.get("/healthz")

    assert (ready.status_code, ready.json()) == (503, {"status": "not ready", "failing": ["database"]})
    assert alive.status_code == 200


async def test_a_request_that_waits_for_news_is_answered_when_the_server_is_told_to_end() -> None:
    news, waits = asyncio.Event(), asyncio.Event()

    async def held(_request: Request) -> Response:
        waits.set()
        await news.wait()
        return PlainTextResponse("nothing yet")

    listener = bind("127.0.0.1", 0)
    issuer = f"http://localhost:{listener.getsockname()[1]}"
    application = build_application(issuer=issuer, routes=[Route("/held", held)], ready={})
    started = asyncio.Event()
    server = build_server(application, on_started=started.set, on_stopping=news.set)
    running_server = asyncio.create_task(server.serve(sockets=[listener]))
    await started.wait()
    async with httpx2.AsyncClient(base_url=issuer, trust_env=False) as client:
        asked = asyncio.create_task(client.get("/held"))
        await waits.wait()
        server.handle_exit(signal.SIGTERM, None)
        answer = await asked
    await running_server

    assert (answer.status_code, answer.text) == (200, "nothing yet")


async def test_a_body_of_10_mb_is_413_and_the_answer_arrives() -> None:
    async with running() as client:
        answer = await client.post("/token", content=b"x" * 10_000_000)

    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


async def test_a_body_that_does_not_say_its_length_is_counted() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 10_000

    async with running() as client:
        answer = await client.post("/token", content=chunks())

    assert answer.status_code == 413


async def test_a_body_at_the_limit_passes() -> None:
    async with running() as client:
        assert (await client.post("/token", content=b"x" * MOST_BODY_BYTES)).text == str(MOST_BODY_BYTES)


async def test_a_mistake_of_ours_is_500_without_its_reason() -> None:
    async with running() as client:
        answer = await client.get("/fail")

    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    assert "canary" not in answer.text


async def test_a_busy_server_says_when_to_come_back() -> None:
    async with running() as client:
        answer = await client.get("/busy")

    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "2"


async def test_every_answer_has_a_request_id_of_its_own_and_the_security_headers() -> None:
    async with running() as client:
        answers = [await client.get(path) for path in ("/both", "/nothing", "/fail", "/token", "/healthz")]

    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)
    for answer in answers:
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "server" not in answer.headers


async def test_the_log_names_the_request_but_never_its_link(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="lockhouse.edge"):
        async with running() as client:
            answer = await client.get("/a/canary-token?x=canary-query")

    lines = [record for record in caplog.records if record.message == "request"]
    assert (lines[0].__dict__["path"], lines[0].__dict__["status"]) == ("/a/***", 200)
    assert answer.status_code == 200
    assert "canary" not in json.dumps([record.__dict__ for record in lines], default=str)


async def test_the_log_names_no_address_that_no_route_has_seen(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody pastes a secret into an address: the host, the size or the address itself is refused."""
    with caplog.at_level(logging.INFO, logger="lockhouse.edge"):
        async with running() as client:
            path = "/canary-of-somebody-s-secret"
            await client.get(path, headers={"Host": "other.example"})
            await client.post(path, content=b"x" * (MOST_BODY_BYTES + 1))
            await client.get(path)

    lines = [record.__dict__ for record in caplog.records if record.message == "request"]
    assert [(line["path"], line["status"]) for line in lines] == [("/***", 421), ("/***", 413), ("/***", 404)]


@pytest.mark.parametrize(
    ("issuer", "hosts"),
    [
        ("https://id.example", {"id.example", "id.example:443"}),
        ("https://id.example:8443", {"id.example:8443"}),
        ("http://[::1]:8400", {"[::1]:8400"}),
    ],
)
async def test_the_hosts_of_an_issuer(issuer: str, hosts: set[str]) -> None:
    assert host_of(issuer) == hosts
