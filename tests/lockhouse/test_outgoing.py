"""The outgoing client against real servers that mean no good."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from lockhouse.outgoing import Outgoing, OutgoingFailed, OutgoingRefused, Resolve
from tests.lockhouse.local_servers import LocalServer, answering, certificate, plain, serving, silent

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.216.34"


def resolving(*addresses: str) -> Resolve:
    async def resolve(_host: str, _port: int) -> tuple[str, ...]:
        return addresses

    return resolve


@asynccontextmanager
async def client(
    *,
    allowed: tuple[str, ...] = (),
    resolve: Resolve | None = None,
    seconds: float = 5,
    max_bytes: int = 10_000,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Outgoing]:
    outgoing = Outgoing(
        allowed=allowed,
        timeout=timedelta(seconds=seconds),
        max_bytes=max_bytes,
        resolve=resolve or resolving("127.0.0.1"),
        tls=tls,
    )
    try:
        yield outgoing
    finally:
        await outgoing.close()


def origin(server: LocalServer) -> str:
    return f"http://partner.example:{server.port}"


async def test_an_allowed_origin_may_be_http_and_inside() -> None:
    async with serving(plain(b"hello")) as server, client(allowed=(origin(server),)) as outgoing:
        answer = await outgoing.send("POST", f"{origin(server)}/cb?x=1", headers={"X-Y": "z"}, body=b"a=b")

    assert (answer.status, answer.body) == (200, b"hello")
    assert server.requests[0].startswith("POST /cb?x=1 HTTP/1.1\r\n")
    assert f"host: partner.example:{server.port}" in server.requests[0].lower()


async def test_the_certificate_must_be_the_one_of_the_name_not_of_the_address(tmp_path: Path) -> None:
    for_server, trusting = certificate(tmp_path, "partner.example")
    async with serving(plain(), tls=for_server) as server:
        right, wrong = f"https://partner.example:{server.port}", f"https://other.example:{server.port}"
        async with client(allowed=(right, wrong), tls=trusting) as outgoing:
            assert (await outgoing.send("GET", right)).status == 200
            with pytest.raises(OutgoingFailed):
                await outgoing.send("GET", wrong)


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/",
        "https://user:pass@partner.example/",
        "ftp://partner.example/",
        "file:///etc/passwd",
        "//partner.example/",
        "partner.example",
        "",
        "https://",
        "https://partner.example:99999/",
    ],
)
async def test_an_address_that_is_not_plain_https_is_refused_before_any_look_up(url: str) -> None:
    async def never(_host: str, _port: int) -> tuple[str, ...]:
        raise AssertionError(url)

    async with client(resolve=never) as outgoing:
        with pytest.raises(OutgoingRefused):
            await outgoing.send("GET", url)


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.1.2.3",),
        ("169.254.169.254",),
        ("::ffff:127.0.0.1",),
        ("fe80::1%eth0",),
        (PUBLIC, "127.0.0.1"),
    ],
)
async def test_a_name_with_an_address_inside_is_refused_and_nobody_is_called(addresses: tuple[str, ...]) -> None:
    async with serving(plain()) as server, client(resolve=resolving(*addresses)) as outgoing:
        with pytest.raises(OutgoingRefused, match="not public"):
            await outgoing.send("GET", f"https://partner.example:{server.port}/")

    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "0x7f.1", "2130706433", "localhost"])
async def test_every_way_to_write_this_machine_is_refused(host: str) -> None:
    outgoing = Outgoing()
    with pytest.raises((OutgoingRefused, OutgoingFailed)):
        await outgoing.send("GET", f"https://{host}:9/")
    await outgoing.close()


async def test_an_exception_is_one_exact_origin() -> None:
    async with serving(plain()) as server, client(allowed=(origin(server),)) as outgoing:
        for other in (
            f"http://partner.example:{server.port + 1}/",
            f"http://sub.partner.example:{server.port}/",
            f"https://partner.example:{server.port}/",
        ):
            with pytest.raises(OutgoingRefused):
                await outgoing.send("GET", other)

    assert server.connections == 0


async def test_the_name_is_resolved_once_so_that_it_cannot_change_in_between() -> None:
    asked = []

    async def rebinding(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("10.0.0.1",)

    async with serving(plain()) as server, client(allowed=(origin(server),), resolve=rebinding) as outgoing:
        assert (await outgoing.send("GET", origin(server))).status == 200

    assert asked == ["partner.example"]


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with serving(plain()) as inside:
        location = f"Location: http://127.0.0.1:{inside.port}/\r\n"
        redirecting = plain(status="302 Found", headers=location)
        async with serving(redirecting) as server, client(allowed=(origin(server),)) as outgoing:
            answer = await outgoing.send("GET", origin(server))

    assert (answer.status, inside.connections) == (302, 0)


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(plain()) as proxy, serving(plain(b"direct")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with client(allowed=(origin(server),)) as outgoing:
            answer = await outgoing.send("GET", origin(server))

    assert (answer.body, proxy.connections) == (b"direct", 0)


async def test_a_second_address_is_tried_where_the_first_does_not_answer() -> None:
    both = resolving("127.0.0.2", "127.0.0.1")
    async with serving(plain(b"second")) as server, client(allowed=(origin(server),), resolve=both) as outgoing:
        assert (await outgoing.send("GET", origin(server))).body == b"second"


async def test_a_server_that_says_nothing_costs_no_more_than_the_limit() -> None:
    async with serving(silent) as server, client(allowed=(origin(server),), seconds=0.2) as outgoing:
        with pytest.raises(OutgoingFailed, match=r"within 0\.2 s"):
            await outgoing.send("GET", origin(server))


async def test_a_server_that_drips_costs_no_more_than_the_limit() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drip) as server, client(allowed=(origin(server),), seconds=0.3) as outgoing:
        with pytest.raises(OutgoingFailed):
            await outgoing.send("GET", origin(server))


async def test_a_slow_look_up_counts_into_the_limit() -> None:
    async def slow(_host: str, _port: int) -> tuple[str, ...]:
        await asyncio.Event().wait()
        return ()

    async with client(resolve=slow, seconds=0.1) as outgoing:
        with pytest.raises(OutgoingFailed):
            await outgoing.send("GET", "https://partner.example/")


async def test_a_name_that_does_not_resolve_is_a_failure_to_be_retried() -> None:
    async def unknown(_host: str, _port: int) -> tuple[str, ...]:
        raise OSError("no such name")

    async with client(resolve=unknown) as outgoing:
        with pytest.raises(OutgoingFailed):
            await outgoing.send("GET", "https://partner.example/")


CODED: dict[str, Callable[[bytes], bytes]] = {"identity": bytes, "gzip": gzip.compress}


@pytest.mark.parametrize("coding", CODED)
async def test_an_answer_over_the_limit_is_dropped_however_it_is_packed(coding: str) -> None:
    body = CODED[coding](b"\0" * 50_000_000 if coding == "gzip" else b"\0" * 50_000)
    headers = f"Content-Encoding: {coding}\r\n"
    async with serving(plain(body, headers=headers)) as server, client(allowed=(origin(server),)) as outgoing:
        with pytest.raises(OutgoingFailed, match="longer than 10000 bytes"):
            await outgoing.send("GET", origin(server))


async def test_a_packed_answer_below_the_limit_is_unpacked() -> None:
    body = gzip.compress(b"x" * 9_000)
    headers = "Content-Encoding: gzip\r\n"
    async with serving(plain(body, headers=headers)) as server, client(allowed=(origin(server),)) as outgoing:
        assert (await outgoing.send("GET", origin(server))).body == b"x" * 9_000


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"",
    ],
    ids=["unknown coding", "wrong coding", "cut off", "not HTTP", "endless head", "nothing"],
)
async def test_a_broken_answer_is_a_failure_to_be_retried(answer: bytes) -> None:
    async with serving(answering(answer)) as server, client(allowed=(origin(server),)) as outgoing:
        with pytest.raises(OutgoingFailed):
            await outgoing.send("GET", origin(server))


async def test_no_message_holds_more_of_the_address_than_its_host() -> None:
    async with client() as outgoing:
        with pytest.raises(OutgoingRefused) as caught:
            await outgoing.send("GET", "https://partner.example/cb?token=canary")

    assert "canary" not in str(caught.value)
