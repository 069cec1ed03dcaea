"""``lockhouse dev``: on a server for development, and on no other."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest

from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from lockhouse.wiring import wired
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]

SECRET = "4kQyqzVb0m8cN2xW6tRj9sLd3fHg7aPe_UoTiXwYvE"
BODY = {"scope": "openid", "login_hint": "ann@example.org"}


@pytest.fixture
def asked(run: Run, home: Path) -> str:
    """Return the auth_req_id of a request that waits."""
    run("client", "add", "--id", "shop", "--secret", SECRET)
    run("person", "add", "ann", "--email", "ann@example.org", "--password-stdin", stdin="correct horse battery\n")

    async def ask() -> str:
        configuration = load_configuration(home / "lockhouse.toml", environ={})
        async with opened(configuration) as installation, wired(installation, work=False) as server:
            transport = httpx2.ASGITransport(app=server.application)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8400") as http:
                answer = await http.post("/oauth2/bc-authorize", data=BODY, auth=("shop", SECRET))
                return str(answer.json()["auth_req_id"])

    return asyncio.run(ask())


def test_a_developer_decides_by_name_or_the_newest(run: Run, asked: str) -> None:
    said = run("dev", "approve", asked, "--json")
    assert (said.code, json.loads(said.out)["status"]) == (0, "approved")
    again = run("dev", "deny")
    assert (again.code, "expected a pending request, found none" in again.err) == (1, True)


@pytest.mark.parametrize("decision", ["approve", "deny", "expire"])
def test_on_a_server_for_people_only_people_decide(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, decision: str
) -> None:
    monkeypatch.setenv("LOCKHOUSE_ISSUER", "https://id.example")
    monkeypatch.setenv("LOCKHOUSE_DEVELOPMENT", "false")
    said = run("dev", decision)
    assert (said.code, "expected development = true" in said.err) == (2, True)
