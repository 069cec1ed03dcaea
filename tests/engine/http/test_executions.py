"""A front end drives a flow over HTTP: start, look, answer, cancel; repetitions, lateness, bad fields."""

import asyncio
from datetime import timedelta

import pytest

from engine import Done
from engine.runtime import Times
from engine.storage import Database
from tests.engine.execution.flows import NOON
from tests.engine.http.kit import LOGIN_INPUTS, Front, fronted, problem, started
from tests.engine.runtime.kit import make_house

pytestmark = pytest.mark.anyio
KEY = "5f0c1d2e-aaaa-bbbb-cccc-0123456789ab"


async def test_a_journey_from_start_to_end(each_front: Front) -> None:
    front = each_front
    one = await front.start()
    assert one.step["status"] == "prompt"
    assert one.step["title"] == {"id": "", "text": "ask", "params": {}}
    assert [field["name"] for field in one.step["fields"]] == ["password"]
    assert "by" not in one.step

    second = await front.submit(one, one.step["token"], "submit", password="sesame")
    assert second.status_code == 200
    assert second.json()["node"] == "agree"
    assert [choice["name"] for choice in second.json()["fields"][0]["choices"]] == ["pay", "see"]

    last = await front.submit(one, second.json()["token"], "allow", granted=["pay"])
    assert (last.json()["status"], last.json()["outcome"]) == ("ended", "approved")
    assert last.json()["result"]["granted"] == ["pay"]
    assert (await front.show(one)).json() == last.json()


async def test_a_start_says_where_its_execution_is_and_gives_one_capability(front: Front) -> None:
    answer = await front.client.post("/flows/login/executions", json={"inputs": dict(LOGIN_INPUTS)})

    one = started(answer)
    assert answer.headers["location"] == f"/executions/{one.id}"
    assert answer.headers["cache-control"] == "no-store"
    assert one.capability.startswith("lhc_")
    assert one.capability not in answer.headers["location"]


async def test_a_capability_opens_its_own_execution_only(front: Front) -> None:
    one, other = await front.start(), await front.start()

    answer = await front.client.get(f"/executions/{one.id}", headers=other.headers)
    there_is_none = await front.client.get("/executions/nothing", headers=other.headers)

    assert problem(answer, 404, "unknown_execution") == problem(there_is_none, 404, "unknown_execution")


async def test_the_token_of_another_executions_step_answers_nothing(front: Front) -> None:
    one, other = await front.start(), await front.start()

    answer = await front.submit(one, other.step["token"], "submit", password="sesame")

    assert problem(answer, 409, "step_conflict")["step"]["token"] == one.step["token"]
    assert (await front.show(one)).json()["node"] == (await front.show(other)).json()["node"] == "ask"
    assert front.house.check.asked == []


async def test_without_a_token_that_was_given_out_nothing_opens(front: Front) -> None:
    one = await front.start()

    none = await front.client.get(f"/executions/{one.id}")
    wrong = await front.client.get(f"/executions/{one.id}", headers={"Authorization": "Bearer guess"})
    basic = await front.client.get(f"/executions/{one.id}", headers={"Authorization": "Basic guess"})
    twice = await front.client.get(
        f"/executions/{one.id}", headers=[("Authorization", one.headers["Authorization"])] * 2
    )

    problem(none, 401, "token_required")
    assert none.headers["www-authenticate"] == "Bearer"
    problem(wrong, 401, "invalid_token")
    problem(basic, 401, "token_required")
    problem(twice, 401, "token_required")


async def test_an_execution_that_a_protocol_started_is_not_here(front: Front) -> None:
    await front.house.begin("login", "e1")
    one = await front.start()

    for method, path in [("GET", ""), ("POST", "/cancel"), ("GET", "/events"), ("POST", "/steps/t")]:
        answer = await front.client.request(
            method, f"/executions/e1{path}", headers=one.headers, json={"action": "x"} if "steps" in path else None
        )
        problem(answer, 404, "unknown_execution")


async def test_the_same_answer_again_gets_the_current_step_and_runs_nothing(front: Front) -> None:
    one = await front.start()

    first = await front.submit(one, one.step["token"], "submit", password="sesame")
    again = await front.submit(one, one.step["token"], "submit", password="sesame")

    assert first.json() == again.json()
    assert len(front.house.check.asked) == 1


async def test_another_answer_to_the_same_step_is_409_with_the_current_one(front: Front) -> None:
    one = await front.start()
    now = await front.submit(one, one.step["token"], "submit", password="sesame")

    other = await front.submit(one, one.step["token"], "submit", password="other")

    assert problem(other, 409, "step_conflict")["step"] == now.json()


async def test_an_answer_that_comes_too_late_is_410_with_the_outcome(front: Front) -> None:
    one = await front.start()
    front.house.clock.advance(timedelta(minutes=5))

    late = await front.submit(one, one.step["token"], "submit", password="sesame")

    told = problem(late, 410, "step_gone")
    assert told["outcome"] == "expired"
    assert told["step"]["status"] == "ended"
    assert front.house.check.asked == []


async def test_bad_fields_are_named_and_the_token_stays(front: Front) -> None:
    one = await front.start()
    second = (await front.submit(one, one.step["token"], "submit", password="sesame")).json()

    bad = await front.submit(one, second["token"], "allow", granted=["fly"], more=1)
    unknown = await front.submit(one, second["token"], "jump")
    good = await front.submit(one, second["token"], "allow", granted=["pay"])

    fields = {error["field"]: error["code"] for error in problem(bad, 422, "invalid_fields")["errors"]}
    assert fields.keys() >= {"more"}
    assert problem(unknown, 422, "invalid_fields")["errors"][0]["field"] == "action"
    assert good.json()["outcome"] == "approved"


async def test_a_step_that_is_still_worked_on_is_202(sqlite_database: Database) -> None:
    quick = Times(poll=timedelta(milliseconds=20), answer=timedelta(milliseconds=200), grace=timedelta(seconds=2))
    began, done = asyncio.Event(), asyncio.Event()

    async def slow(*_asked: object) -> Done:
        began.set()
        await done.wait()
        return Done("right", {"subject": "ann", "at": NOON})

    async with fronted(make_house(sqlite_database, times=quick)) as front:
        front.house.check.act = slow
        one = await front.start()
        first = await front.submit(one, one.step["token"], "submit", password="sesame")
        assert (first.status_code, first.json()["status"], began.is_set()) == (202, "working", True)
        again = await front.submit(one, one.step["token"], "submit", password="sesame")
        assert (again.status_code, again.json()["status"]) == (202, "working")
        done.set()

        after = await front.show(one, Prefer="wait=5")

    assert after.json()["node"] == "agree"


async def test_a_cancelled_execution_ends_and_stays_as_it_is(front: Front) -> None:
    one = await front.start()

    answer = await front.client.post(f"/executions/{one.id}/cancel", headers=one.headers)
    again = await front.client.post(f"/executions/{one.id}/cancel", headers=one.headers, json={"reason": "twice"})

    assert answer.json()["outcome"] == "cancelled"
    assert answer.json()["result"] == {"reason": "initiator"}
    assert again.json() == answer.json()


async def test_a_flow_that_is_not_exposed_is_like_one_that_is_not_there(front: Front) -> None:
    answer = await front.client.post("/flows/nothing/executions", json={})

    problem(answer, 404, "unknown_flow")


async def test_inputs_that_do_not_fit_are_named(front: Front) -> None:
    answer = await front.client.post("/flows/counting/executions", json={"inputs": {"what": 1, "more": 2}})
    missing = await front.client.post("/flows/counting/executions")

    told = problem(answer, 422, "inputs_invalid")
    assert {error["field"]: error["code"] for error in told["errors"]} == {"what": "type", "more": "unknown"}
    assert problem(missing, 422, "inputs_invalid")["errors"][0]["code"] == "required"


async def test_a_start_that_is_repeated_under_its_key_is_one_execution_with_one_capability(each_front: Front) -> None:
    async def start(what: str) -> tuple[int, object]:
        answer = await each_front.client.post(
            "/flows/counting/executions", json={"inputs": {"what": what}}, headers={"Idempotency-Key": KEY}
        )
        return answer.status_code, answer.json()

    answers = await asyncio.gather(*(start("trip") for _ in range(8)))
    first = await start("trip")

    executions = {told["step"]["execution"] for _, told in [*answers, first]}  # type: ignore[index] # JSON
    capabilities = {told["capability"] for _, told in [*answers, first]}  # type: ignore[index] # JSON
    assert (len(executions), len(capabilities)) == (1, 1)
    assert len(each_front.house.book.asked) == 1
    headers = {"Authorization": f"Bearer {capabilities.pop()}"}
    assert (await each_front.client.get(f"/executions/{executions.pop()}", headers=headers)).status_code == 200


async def test_a_key_that_was_used_for_another_start_is_409(front: Front) -> None:
    for what, status in (("trip", 201), ("other", 409)):
        answer = await front.client.post(
            "/flows/counting/executions", json={"inputs": {"what": what}}, headers={"Idempotency-Key": KEY}
        )
        assert answer.status_code == status
    problem(answer, 409, "key_reused")


async def test_a_key_that_could_be_guessed_is_refused(front: Front) -> None:
    answer = await front.client.post("/flows/counting/executions", json={}, headers={"Idempotency-Key": "1"})

    problem(answer, 400, "invalid_idempotency_key")


async def test_a_step_that_another_person_holds_is_one_to_wait_for(front: Front) -> None:
    one = await front.start("expense", amount=2000)
    await front.house.engine.run_due()

    held = await front.house.engine.inspect(one.id)
    shown = (await front.show(one)).json()

    assert (held.status, held.by) == ("prompt", "bob")
    assert (shown["status"], shown["token"], shown["fields"], shown["title"]) == ("waiting", None, [], None)
    assert str(held.token) not in str(shown)
