"""The example of an API under guard: started as its first lines say, with tokens that a person allowed."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from examples.guarded_ledger import LEDGER
from lockhouse.client import ApprovalRequest, Approved, AsyncCibaClient, ClientSecretBasic
from tests.fixtures.server import CLIENT_SECRET, Lockhouse, free_port, patience, running
from tests.project.layout import ROOT

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

SCOPES = {"payment": {"title": "Make a payment", "required": True}}


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    """Return a server that knows the till, its ledger, and Ann."""
    with running(tmp_path_factory.mktemp("ledger") / "op", SCOPES=json.dumps(SCOPES)) as started:
        paying = ("--scope", "openid", "--scope", "payment")
        started.add_client("till", CLIENT_SECRET, *paying)
        named = ["--id", "ledger", "--secret", CLIENT_SECRET, "--resource", LEDGER]
        started.run("client", "add", "--config", str(started.config), *named)
        yield started


@pytest.fixture(scope="module")
def ledger(lockhouse: Lockhouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Return a client of the API, which runs as its first lines say."""
    port = free_port()
    address, log = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("ledger") / "log"
    command = [sys.executable, "-m", "uvicorn", "--factory", "--no-proxy-headers", "--port", str(port)]
    told = {"ISSUER": lockhouse.url, "ADDRESS": address, "CLIENT_ID": "ledger", "CLIENT_SECRET": CLIENT_SECRET}
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [*command, "examples.guarded_ledger:make_application"],
            env={**os.environ, **told, "PYTHONPATH": str(ROOT)},
            stdout=written,
            stderr=subprocess.STDOUT,
        ) as program,
        httpx2.Client(base_url=address, trust_env=False) as http,
    ):
        try:
            wait_for(http, log)
            yield http
        finally:
            program.terminate()


def wait_for(http: httpx2.Client, log: Path) -> None:
    for _ in patience(30):
        try:
            http.get("/balance")
        except httpx2.TransportError:
            continue
        return
    raise AssertionError(log.read_text())


async def allowed(lockhouse: Lockhouse, *resource: str, scope: str = "openid payment") -> str:
    """Return an access token for *resource* that Ann allowed."""
    question = ApprovalRequest(login_hint="ann@example.com", scope=scope, resource=resource)
    async with AsyncCibaClient(lockhouse.url, ClientSecretBasic("till", CLIENT_SECRET)) as till:
        asked = await till.ask(question)
        await asyncio.to_thread(lockhouse.run, "dev", "approve", "--config", str(lockhouse.config))
        outcome = await till.wait(asked)
    assert isinstance(outcome, Approved)
    return outcome.tokens.access_token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_ledger_opens_to_what_a_person_allowed_until_it_is_given_back(
    lockhouse: Lockhouse, ledger: httpx2.Client
) -> None:
    token = await allowed(lockhouse, LEDGER)
    paid = ledger.post("/payments", params={"cents": 300}, headers=bearer(token))
    assert paid.json() == {"balance": 700}
    assert ledger.get("/balance", headers=bearer(token)).json() == {"balance": 700}
    assert UUID(paid.headers["x-fapi-interaction-id"]).version == 4
    assert paid.headers.get_list("date") == [paid.headers["date"]]

    async with AsyncCibaClient(lockhouse.url, ClientSecretBasic("till", CLIENT_SECRET)) as till:
        await till.revoke(token)
    assert ledger.post("/payments", params={"cents": 300}, headers=bearer(token)).status_code == 401
    still = ledger.get("/balance", headers=bearer(token))
    assert still.json() == {"balance": 700}, "a token that is read by itself is good until it expires"


async def test_the_ledger_stays_closed_to_other_tokens(lockhouse: Lockhouse, ledger: httpx2.Client) -> None:
    assert ledger.get("/balance").headers["www-authenticate"].startswith("Bearer")
    elsewhere = ledger.get("/balance", headers=bearer(await allowed(lockhouse)))
    assert (elsewhere.status_code, elsewhere.json()) == (401, {"detail": "the access token is not valid here"})
    narrow = await allowed(lockhouse, LEDGER, scope="openid")
    assert ledger.get("/balance", headers=bearer(narrow)).status_code == 200
    assert ledger.post("/payments", params={"cents": 1}, headers=bearer(narrow)).status_code == 403
