"""Whatever is sent to the registration endpoints: an answer that RFC 7591 and RFC 7592 know; never a 500."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.storage import Database
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial, RegistrationRules
from protocols.oauth2_ciba import CIBA_TABLES, CibaSettings
from tests.protocols.oauth2.registration.conftest import KEYED, POLL, REGISTER, Registrar
from tests.protocols.oauth2.registration.test_fuzzed import METADATA
from tests.protocols.world import ISSUER, World, make_world

ERRORS = {
    *("invalid_client_metadata", "invalid_redirect_uri", "unapproved_software_statement"),
    *("invalid_request", "invalid_token", "access_denied"),
}
examples = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Desk:
    """One world, kept for all examples, and one client in it that is replaced again and again."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        self._runner, self._world = runner, world
        self.mine = runner.run(Registrar(world=world).registered())

    def send(self, method: str, address: str, body: bytes, **headers: str) -> httpx2.Response:
        """Send *body* as JSON."""
        sent = {"content-type": "application/json", **headers}
        return self._runner.run(self._world.http.request(method, address, content=body, headers=sent))

    @property
    def bearer(self) -> str:
        return f"Bearer {self.mine['registration_access_token']}"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    database = Database.open("sqlite:///:memory:", repeat=True, owners=(OAUTH2_TABLES, CIBA_TABLES))

    async def enter(stack: AsyncExitStack) -> World:
        stack.push_async_callback(database.close)
        rules = CibaSettings(issuer=ISSUER, registration=RegistrationRules(mode="open", most=10**6))
        return await stack.enter_async_context(make_world(database, KeyMaterial.fresh(), rules))

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield Desk(runner, runner.run(enter(stack)))
        runner.run(stack.aclose())


def check(answer: httpx2.Response, *, good: int | None = None) -> None:
    """Hold the answer against what the specifications have; *good* is that of a success, if there can be one."""
    assert answer.status_code in (good, 400, 401, 403, 413), answer.text
    body = answer.json()
    if answer.status_code == good:
        assert body["client_id"]
        return
    assert body["error"] in ERRORS
    assert all(32 <= ord(c) < 127 and c not in '"\\' for c in body.get("error_description", ""))


@examples
@given(METADATA, st.booleans())
def test_any_metadata_is_registered_or_refused(desk: Desk, metadata: dict[str, Any], keyed: bool) -> None:
    body = json.dumps({**(KEYED if keyed else POLL), **metadata}).encode()
    check(desk.send("POST", REGISTER, body), good=201)


@examples
@given(METADATA)
def test_any_metadata_replaces_or_is_refused(desk: Desk, metadata: dict[str, Any]) -> None:
    body = json.dumps({**POLL, "client_id": desk.mine["client_id"], **metadata}).encode()
    answer = desk.send("PUT", desk.mine["registration_client_uri"], body, authorization=desk.bearer)
    check(answer, good=200)


@examples
@given(st.binary(max_size=100), st.sampled_from(["POST", "PUT"]), st.text(max_size=20))
def test_any_body_of_any_kind_is_refused(desk: Desk, body: bytes, method: str, media: str) -> None:
    address = REGISTER if method == "POST" else desk.mine["registration_client_uri"]
    headers = {"authorization": desk.bearer, "content-type": media.encode("ascii", "ignore").decode().strip() or "x"}
    if headers["content-type"].isprintable():
        check(desk.send(method, address, body, **headers))


@examples
@given(st.text(max_size=30).filter(lambda text: "/" not in text), st.sampled_from(["GET", "PUT", "DELETE"]))
@pytest.mark.parametrize("prefix", ["", "%00", "%ff", "shop%00"])
def test_any_client_is_unknown_without_its_token(desk: Desk, prefix: str, name: str, method: str) -> None:
    address = httpx2.URL(ISSUER).copy_with(raw_path=f"{REGISTER}/{prefix}x".encode())
    answer = desk.send(method, f"{address}", b"{}", authorization=f"Bearer t{name.encode('ascii', 'ignore').hex()}")
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_token"
