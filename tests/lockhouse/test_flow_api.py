"""The server's own flow API: what the settings expose, who may operate, and what the log says."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

import flow_definitions
from lockhouse.configuration import SettingsInvalid, load_configuration
from lockhouse.installation import opened
from lockhouse.logs import mask
from lockhouse.observability import watched
from lockhouse.wiring import wired
from tests.lockhouse.homes import copied
from tests.lockhouse.test_command_line import Run, home, made, run

__all__ = ["home", "made", "run"]

TEA = """\
flow: tea
version: 1.0.0
language: 1
type: utility
title: Tea or coffee
inputs: {guest: {type: string, max: 40}}
outcomes: {chosen: {drink: string}}
start: ask
nodes:
  ask:
    prompt: {title: "What may it be?"}
    show: {guest: =inputs.guest}
    fields: {drink: {type: [tea, coffee]}}
    routes: {submit: done}
  done: {end: chosen, with: {drink: =steps.ask.drink}}
"""
BASE = "http://localhost:8400"


@asynccontextmanager
async def serving(folder: Path, **environ: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the installation in *folder* with the flow TEA beside ours, without a socket."""
    flows = folder / "flows"
    if not flows.exists():
        shutil.copytree(flow_definitions.folder(), flows, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        (flows / "tea.yaml").write_text(TEA)
    settings = {"LOCKHOUSE_FLOWS__DIRECTORY": "flows", "LOCKHOUSE_PASSWORD__MEMORY_KIB": "8", **environ}
    configuration = load_configuration(folder / "lockhouse.toml", environ=settings)
    async with opened(configuration) as installation, wired(installation, work=False) as parts:
        transport = httpx2.ASGITransport(app=parts.application)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            yield client


@pytest.mark.anyio
async def test_an_exposed_flow_is_driven_from_start_to_end(tmp_path: Path) -> None:
    async with serving(await asyncio.to_thread(copied, tmp_path / "home"), LOCKHOUSE_FLOW_API__EXPOSE="tea") as client:
        told = (await client.post("/flows/tea/executions", json={"inputs": {"guest": "Ann"}})).json()
        step, headers = told["step"], {"Authorization": f"Bearer {told['capability']}"}
        answer = await client.post(
            f"/executions/{step['execution']}/steps/{step['token']}",
            json={"action": "submit", "values": {"drink": "tea"}},
            headers=headers,
        )
        paths = (await client.get("/openapi.json")).json()["paths"]

    assert step["title"]["text"] == "What may it be?"
    assert answer.json()["result"] == {"drink": "tea"}
    assert "/flows/tea/executions" in paths
    assert "/flows/login_approval/executions" not in paths
    assert "/operator/executions" in paths


@pytest.mark.anyio
async def test_nothing_is_exposed_unless_the_settings_say_so(tmp_path: Path) -> None:
    async with serving(await asyncio.to_thread(copied, tmp_path / "home")) as client:
        answer = await client.post("/flows/tea/executions", json={"inputs": {"guest": "Ann"}})

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_flow")


@pytest.mark.anyio
@pytest.mark.parametrize(("flow", "word"), [("login_approval", "endpoint"), ("teaa", "there is none")])
async def test_a_flow_that_cannot_be_exposed_is_a_mistake_in_the_settings(tmp_path: Path, flow: str, word: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"flow_api.expose: .*{word}"):
        async with serving(await asyncio.to_thread(copied, tmp_path / "home"), LOCKHOUSE_FLOW_API__EXPOSE=flow):
            pass


@pytest.mark.parametrize("origin", ["app.example", "https://app.example/", "https://app.example/x", "ftp://a"])
def test_an_origin_that_no_browser_sends_is_refused(home: Path, origin: str) -> None:
    with pytest.raises(SettingsInvalid, match="an origin such as"):
        load_configuration(home / "lockhouse.toml", environ={"LOCKHOUSE_FLOW_API__ORIGINS": origin})


def test_the_log_names_no_token_of_a_step() -> None:
    assert mask("/executions/e1/steps/0a1b2c") == "/executions/e1/steps/***"
    assert mask("/a/secret/steps") == "/a/***/steps"


def test_an_operators_token_opens_what_its_scopes_say_until_it_is_removed(run: Run, home: Path) -> None:
    made_token = json.loads(run("operator", "token", "add", "board", "--scope", "executions:read", "--json").out)
    shown = run("operator", "token", "list")

    async def ask() -> list[int]:
        headers = {"Authorization": f"Bearer {made_token['token']}"}
        async with serving(home) as client:
            paths = ("/operator/executions", "/operator/dead-letters")
            return [(await client.get(path, headers=headers)).status_code for path in paths]

    assert made_token["token"] not in shown.out
    assert "executions:read" in shown.out
    assert asyncio.run(ask()) == [200, 403]
    assert run("operator", "token", "remove", "board").code == 0
    assert asyncio.run(ask()) == [401, 401]
    assert made_token["token"].encode() not in (home / "lockhouse.sqlite").read_bytes()


def test_a_token_that_cannot_be_added_says_why(run: Run) -> None:
    nothing = run("operator", "token", "add", "board")
    unknown = run("operator", "token", "add", "board", "--scope", "everything")
    first = run("operator", "token", "add", "board", "--scope", "flows:read")
    again = run("operator", "token", "add", "board", "--scope", "flows:read")
    missing = run("operator", "token", "remove", "nobody")

    assert (nothing.code, unknown.code, first.code, again.code, missing.code) == (1, 1, 0, 1, 1)
    assert "at least one scope" in nothing.err
    assert "found everything" in unknown.err
    assert "token: lho_" in first.out
    assert "already" in again.err
    assert "operator token list" in missing.err


@pytest.mark.anyio
async def test_metrics_are_there_where_a_token_is_set_and_nowhere_else(tmp_path: Path) -> None:
    folder, token = await asyncio.to_thread(copied, tmp_path / "home"), "a-token-for-prometheus"
    async with serving(folder) as client:
        absent = await client.get("/metrics")
    async with serving(folder, LOCKHOUSE_FLOW_API__EXPOSE="tea", LOCKHOUSE_METRICS__TOKEN=token) as client:
        await client.post("/flows/tea/executions", json={"inputs": {"guest": "Ann"}})
        there = await client.get("/metrics", headers={"Authorization": f"Bearer {token}", "Host": "10.0.0.7:9000"})

    assert absent.status_code == 404
    assert there.status_code == 200
    assert 'lockhouse_executions_started_total{flow="tea"} 1.0' in there.text


@pytest.mark.parametrize(
    ("variable", "package", "extra"),
    [
        ("LOCKHOUSE_METRICS__TOKEN", "prometheus_client", "metrics"),
        ("LOCKHOUSE_TRACING__ENABLED", "opentelemetry", "tracing"),
    ],
)
def test_what_is_asked_for_and_not_installed_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, package: str, extra: str
) -> None:
    value = "true" if extra == "tracing" else "a-token-for-prometheus"
    settings = load_configuration(home / "lockhouse.toml", environ={variable: value}).settings
    monkeypatch.delitem(sys.modules, f"lockhouse.observability.{extra}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(SettingsInvalid, match=rf"lockhouse\[{extra}\]"):
        watched(settings)
