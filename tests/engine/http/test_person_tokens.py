"""A front end acts for a person at the steps that are by them: with a token for that person, and only there."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from engine.contracts import UnknownExecution
from engine.http import Limits, PersonTokens
from engine.storage import Database
from engine.storage.tables import person_tokens
from tests.engine.http.kit import Front, Started, problem
from tests.engine.http.test_waiting import events, waiting_front

pytestmark = pytest.mark.anyio
ALL = {"Authorization": "Bearer everything"}
HASHES = select(person_tokens.c.token_hash)


async def asked(front: Front, **inputs: Any) -> Started:
    """Start an expense that bob has to decide on."""
    one = await front.start("expense", amount=2000, **inputs)
    await front.house.engine.run_due()
    return one


async def given(front: Front, one: Started, person: str = "bob", **more: Any) -> dict[str, str]:
    """Return the headers of whoever acts for *person*."""
    body = {"person": person, **more}
    answer = await front.client.post(f"/operator/executions/{one.id}/person-tokens", headers=ALL, json=body)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def look(front: Front, one: Started, headers: dict[str, str]) -> httpx2.Response:
    return await front.client.get(f"/executions/{one.id}", headers=headers)


async def decide(
    front: Front, one: Started, headers: dict[str, str], token: str, action: str = "allow"
) -> httpx2.Response:
    return await front.client.post(f"/executions/{one.id}/steps/{token}", headers=headers, json={"action": action})


async def test_a_person_sees_and_answers_the_step_that_asks_them(each_front: Front) -> None:
    front = each_front
    one = await asked(front)
    bob = await given(front, one)

    step = (await look(front, one, bob)).json()
    initiator = (await front.show(one)).json()
    answered = await decide(front, one, bob, step["token"], "deny")
    again = await decide(front, one, bob, step["token"], "deny")
    other = await decide(front, one, bob, step["token"], "allow")

    assert (step["status"], [each["id"] for each in step["actions"]]) == ("prompt", ["allow", "deny"])
    assert (initiator["status"], initiator["token"], initiator["actions"]) == ("waiting", None, [])
    assert answered.json() == again.json()
    assert (answered.json()["status"], answered.json()["outcome"]) == ("ended", None), "the outcome is the initiator's"
    assert problem(other, 409, "step_conflict")["step"]["outcome"] is None
    assert (await front.show(one)).json()["outcome"] == "refused"


async def test_who_is_not_asked_sees_nothing_and_changes_nothing(each_front: Front) -> None:
    front = each_front
    one = await asked(front)
    token = (await look(front, one, await given(front, one))).json()["token"]
    eve = await given(front, one, "eve")

    for headers in (eve, one.headers):
        problem(await decide(front, one, headers, token), 403, "step_of_another")
    seen = (await look(front, one, eve)).json()
    step = await front.house.engine.inspect(one.id)

    assert (seen["status"], seen["node"], seen["token"], seen["expires_at"]) == ("waiting", None, None, None)
    assert (step.status, step.by, step.token) == ("prompt", "bob", token)
    assert len(front.house.book.asked) == 0


async def test_a_persons_token_does_not_open_the_initiators_steps(front: Front) -> None:
    one = await front.start("login")
    ann = await given(front, one, "ann")

    seen = (await look(front, one, ann)).json()
    answered = await front.client.post(
        f"/executions/{one.id}/steps/{one.step['token']}", headers=ann, json={"action": "deny"}
    )

    assert (seen["status"], seen["token"]) == ("waiting", None)
    problem(answered, 403, "step_of_another")
    problem(await front.client.post(f"/executions/{one.id}/cancel", headers=ann), 401, "invalid_token")
    assert (await front.show(one)).json()["status"] == "prompt"


async def test_a_token_is_for_one_execution_and_ends(front: Front) -> None:
    one, two = await asked(front), await asked(front)
    bob = await given(front, one, seconds=60)

    problem(await look(front, two, bob), 404, "unknown_execution")
    front.house.clock.advance(timedelta(seconds=59))
    assert (await look(front, one, bob)).status_code == 200
    front.house.clock.advance(timedelta(seconds=1))
    problem(await look(front, one, bob), 404, "unknown_execution")


async def test_a_token_cannot_be_made_to_say_another_name(front: Front) -> None:
    one = await asked(front)
    eve = (await given(front, one, "eve"))["Authorization"]
    bob = (await given(front, one, "bob"))["Authorization"]

    mixed = f"{bob.partition('.')[0]}.{eve.partition('.')[2]}"

    problem(await look(front, one, {"Authorization": mixed}), 404, "unknown_execution")
    problem(await look(front, one, {"Authorization": "Bearer lhp_nobody"}), 401, "invalid_token")


async def test_tokens_are_taken_back(front: Front) -> None:
    one, two = await asked(front), await asked(front)
    bob, also = await given(front, one), await given(front, two)

    taken = await front.client.delete(f"/operator/executions/{one.id}/person-tokens", headers=ALL)

    assert taken.json() == {"taken_back": 1}
    problem(await look(front, one, bob), 404, "unknown_execution")
    assert (await look(front, two, also)).status_code == 200


async def test_only_hashes_are_kept_and_they_are_forgotten_when_they_are_over(front: Front) -> None:
    one = await asked(front)
    bob = await given(front, one)
    database = front.house.database

    kept = await database.read(lambda unit: unit.execute(HASHES).scalars())
    front.house.clock.advance(timedelta(days=40))
    await front.house.engine._worker.tidy()
    left = await database.read(lambda unit: unit.execute(HASHES).scalars())

    assert [len(each) for each in kept] == [32]
    assert bob["Authorization"].encode() not in kept
    assert left == []


async def test_what_a_protocol_started_is_reached_by_who_embeds_the_engine_alone(front: Front) -> None:
    await front.house.begin("expense", "e1", amount=2000)
    await front.house.engine.run_due()
    path = "/operator/executions/e1/person-tokens"

    over_http = await front.client.post(path, headers=ALL, json={"person": "bob"})
    in_process = await PersonTokens(front.house.engine).give("e1", person="bob")
    step = await front.client.get("/executions/e1", headers={"Authorization": f"Bearer {in_process.token}"})

    problem(over_http, 404, "unknown_execution")
    assert step.json()["status"] == "prompt"
    with pytest.raises(UnknownExecution):
        await PersonTokens(front.house.engine).give("nothing", person="bob")
    for person, lasting in (("", timedelta(minutes=1)), ("bob", timedelta(0)), ("bob", timedelta(days=2))):
        with pytest.raises(ValueError, match="expected an id"):
            await PersonTokens(front.house.engine).give("e1", person=person, lasting=lasting)


@pytest.mark.parametrize(
    "body", [{}, {"person": ""}, {"person": "b b"}, {"person": "bob", "seconds": 0}, {"who": "bob"}]
)
async def test_a_token_for_nobody_is_not_given_out(front: Front, body: dict[str, Any]) -> None:
    one = await asked(front)
    answer = await front.client.post(f"/operator/executions/{one.id}/person-tokens", headers=ALL, json=body)
    problem(answer, 422, "invalid_request")


async def test_fifty_decisions_of_one_person_are_one(each_front: Front) -> None:
    front = each_front
    one = await asked(front)
    tokens = [await given(front, one) for _ in range(5)]
    token = (await look(front, one, tokens[0])).json()["token"]

    answers = await asyncio.gather(*(decide(front, one, tokens[n % 5], token, "deny") for n in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert await front.house.told("refused") == 1


async def test_a_person_waits_for_their_turn_and_is_told_by_events(sqlite_database: Database) -> None:
    async with waiting_front(sqlite_database, Limits()) as (front, one):
        bob, eve = await given(front, one), await given(front, one, "eve")
        held = asyncio.create_task(look(front, one, {**bob, "Prefer": "wait=20"}))
        await asyncio.sleep(0.05)
        assert not held.done()
        await front.house.engine.run_due()
        turn = (await held).json()
        url = f"/executions/{one.id}/events"
        async with (
            front.client.stream("GET", url, headers=bob) as his,
            front.client.stream("GET", url, headers=eve) as hers,
        ):
            (_, seen), (_, unseen) = await anext(events(his)), await anext(events(hers))
            await decide(front, one, bob, turn["token"], "deny")

    assert turn["status"] == seen["status"] == "prompt"
    assert (unseen["status"], unseen["node"]) == ("waiting", None)
