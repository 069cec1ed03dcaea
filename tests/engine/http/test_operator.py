"""The operator's API: what each scope opens, and what it shows and does."""

from datetime import timedelta

import pytest

from engine.http import OPERATOR_SCOPES
from engine.storage import Outbox, Unit
from tests.engine.http.kit import Front, problem
from tests.engine.runtime.kit import KEYRING

pytestmark = pytest.mark.anyio
ALL = {"Authorization": "Bearer everything"}
NEEDS = {
    ("GET", "/operator/flows"): "flows:read",
    ("POST", "/operator/flows/check"): "flows:check",
    ("POST", "/operator/flows/publish"): "flows:publish",
    ("POST", "/operator/flows/counting/rollback"): "flows:publish",
    ("GET", "/operator/executions"): "executions:read",
    ("GET", "/operator/executions/e1"): "executions:read",
    ("POST", "/operator/executions/e1/cancel"): "executions:cancel",
    ("POST", "/operator/executions/e1/person-tokens"): "persons:act",
    ("DELETE", "/operator/executions/e1/person-tokens"): "persons:act",
    ("GET", "/operator/dead-letters"): "messages:read",
    ("POST", "/operator/dead-letters/m/retry"): "messages:write",
    ("POST", "/operator/dead-letters/m/drop"): "messages:write",
}


@pytest.mark.parametrize(("method", "path"), NEEDS)
async def test_an_operation_opens_to_its_scope_alone(front: Front, method: str, path: str) -> None:
    for scope in OPERATOR_SCOPES:
        headers = {"Authorization": f"Bearer {scope.replace(':', '.')}"}
        answer = await front.client.request(method, path, headers=headers)
        if scope == NEEDS[method, path]:
            assert answer.status_code not in {401, 403}
        else:
            assert NEEDS[method, path] in problem(answer, 403, "insufficient_scope")["detail"]
    problem(await front.client.request(method, path), 401, "token_required")
    stranger = await front.client.request(method, path, headers={"Authorization": "Bearer stranger"})
    problem(stranger, 401, "invalid_token")


async def test_a_capability_is_no_operators_token(front: Front) -> None:
    one = await front.start()

    problem(await front.client.get("/operator/executions", headers=one.headers), 401, "invalid_token")


async def test_versions_tell_who_stands_in_them(front: Front) -> None:
    await front.start()
    await front.start()

    items = (await front.client.get("/operator/flows", headers=ALL)).json()["items"]

    assert {each["flow"]: (each["open"], each["live"]) for each in items}["login"] == (2, True)
    assert {each["flow"] for each in items} == {"login", "send", "expense", "counting"}


async def test_a_flow_is_checked_against_what_is_installed(front: Front) -> None:
    text = "flow: f\nversion: 1.0.0\nlanguage: 1\ntype: utility\ntitle: F\noutcomes: {done: {}}\nstart: a\nnodes:\n"
    good = await front.client.post("/operator/flows/check", headers=ALL, json={"text": f"{text}  a: {{end: done}}\n"})
    bad = await front.client.post("/operator/flows/check", headers=ALL, json={"text": f"{text}  a: {{task: nobody}}\n"})

    assert (good.status_code, good.json()["ok"]) == (200, True), good.text
    assert bad.json()["ok"] is False
    assert {found["line"] for found in bad.json()["diagnostics"]} >= {9}


async def test_executions_are_listed_page_by_page_newest_first(front: Front) -> None:
    ids = []
    for _ in range(5):
        ids.append((await front.start()).id)
        front.house.clock.advance(timedelta(seconds=1))
    await front.start("counting")

    first = (await front.client.get("/operator/executions?flow=login&limit=3", headers=ALL)).json()
    second = (
        await front.client.get(f"/operator/executions?flow=login&limit=3&after={first['next']}", headers=ALL)
    ).json()
    ended = (await front.client.get("/operator/executions?status=ended", headers=ALL)).json()

    assert [each["id"] for each in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert [each["flow"] for each in ended["items"]] == ["counting"]
    for query in ("limit=0", "limit=501", "status=nothing", "after=x", "more=1"):
        problem(await front.client.get(f"/operator/executions?{query}", headers=ALL), 422, "invalid_request")
    problem(await front.client.get("/operator/executions?limit=1&limit=2", headers=ALL), 400, "duplicate_parameter")


async def test_the_history_of_any_execution_is_told_with_secrets_masked(front: Front) -> None:
    one = await front.start()
    await front.submit(one, one.step["token"], "submit", password="sesame")

    told = (await front.client.get(f"/operator/executions/{one.id}", headers=ALL)).json()
    missing = await front.client.get("/operator/executions/nothing", headers=ALL)

    assert told["execution"]["flow"] == "login"
    assert {line["node"] for line in told["history"]} >= {"ask", "check"}
    assert "sesame" not in str(told)
    problem(missing, 404, "unknown_execution")


async def test_an_operator_ends_what_a_protocol_started(front: Front) -> None:
    await front.house.begin("login", "e1")

    answer = await front.client.post("/operator/executions/e1/cancel", headers=ALL)
    again = await front.client.post("/operator/executions/e1/cancel", headers=ALL)

    assert answer.json() == again.json() == {"id": "e1", "status": "cancelled"}
    assert await front.house.told("cancelled") == 1


async def test_a_dead_letter_is_listed_sent_again_and_dropped(front: Front) -> None:
    for name in ("e1", "e2"):
        await front.house.begin("send", name)
    outbox, now = Outbox(KEYRING), front.house.clock.now()

    def bury(unit: Unit) -> list[str]:
        claims = outbox.claim_due(unit, now=now, limit=2, lease=timedelta(seconds=10))
        assert all(outbox.finish(unit, claim, status="dead", now=now, error="too_often") for claim in claims)
        return [claim.id for claim in claims]

    first, second = await front.house.database.run(bury)
    letters = (await front.client.get("/operator/dead-letters", headers=ALL)).json()["items"]
    again = await front.client.post(f"/operator/dead-letters/{first}/retry", headers=ALL)
    twice = await front.client.post(f"/operator/dead-letters/{first}/retry", headers=ALL)
    dropped = await front.client.post(f"/operator/dead-letters/{second}/drop", headers=ALL)
    unknown = await front.client.post("/operator/dead-letters/nothing/retry", headers=ALL)

    assert {letter["id"] for letter in letters} == {first, second}
    assert letters[0]["last_error"] == "too_often"
    assert again.json() == {"id": first, "status": "queued"}
    problem(twice, 409, "not_dead")
    assert dropped.json()["status"] == "dropped"
    problem(unknown, 404, "unknown_message")
    await front.house.engine.run_due()
    assert await front.house.told("sent") == 1


async def test_the_text_of_a_flow_may_be_longer_than_other_bodies(front: Front) -> None:
    fits = await front.client.post("/operator/flows/check", headers=ALL, json={"text": "ü" * 40_000})
    longer = await front.client.post("/operator/flows/check", headers=ALL, json={"text": "ü" * 40_001})

    assert (fits.status_code, fits.json()["ok"]) == (200, False)
    assert problem(longer, 422, "invalid_request")["errors"][0]["code"] == "max"
