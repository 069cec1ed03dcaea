"""Signals have tokens of their own, which say who sends; their bearers learn nothing else."""

import json

import httpx2
import pytest

from tests.engine.http.kit import Front, Started, problem

pytestmark = pytest.mark.anyio
KEY = "5f0c1d2e-aaaa-bbbb-cccc-0123456789ab"


async def send(
    front: Front, one: Started, token: str, *, name: str = "paid", key: str = "", **payload: object
) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
    return await front.client.post(f"/executions/{one.id}/signals/{name}", json={"payload": payload}, headers=headers)


async def test_a_signal_goes_to_the_flow_that_waits_for_it(front: Front) -> None:
    one = await front.start("expense")
    token = front.house.engine.signal_token(one.id, name="paid", sender="bob")

    answer = await send(front, one, token, reference="r1")

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await front.show(one)).json()["result"] == {"reference": "r1"}


async def test_a_repeated_signal_is_taken_once_and_another_body_refused(front: Front) -> None:
    one = await front.start("expense")
    token = front.house.engine.signal_token(one.id, name="paid", sender="bob")

    first = await send(front, one, token, key=KEY, reference="r1")
    again = await send(front, one, token, key=KEY, reference="r1")
    other = await send(front, one, token, key=KEY, reference="r2")

    assert (first.status_code, again.status_code) == (204, 204)
    assert other.status_code == 409
    assert "step" not in other.json()


async def test_a_wrong_sender_a_wrong_payload_and_a_wrong_name_are_told(front: Front) -> None:
    one = await front.start("expense")
    stranger = front.house.engine.signal_token(one.id, name="paid", sender="eve")
    bob = front.house.engine.signal_token(one.id, name="paid", sender="bob")
    unknown = front.house.engine.signal_token(one.id, name="nothing", sender="bob")

    wrong_sender = await send(front, one, stranger, reference="r1")
    wrong_payload = await send(front, one, bob, reference=1, more=2)
    wrong_name = await send(front, one, unknown, name="nothing")
    good = await send(front, one, bob, reference="r1")

    assert problem(wrong_sender, 422, "invalid_fields")["errors"][0]["field"] == "sender"
    assert {each["field"] for each in problem(wrong_payload, 422, "invalid_fields")["errors"]} == {"reference", "more"}
    assert problem(wrong_name, 422, "invalid_fields")["errors"][0]["field"] == "signal"
    assert good.status_code == 204


async def test_a_token_serves_one_signal_of_one_execution(front: Front) -> None:
    one, other = await front.start("expense"), await front.start("expense")
    token = front.house.engine.signal_token(other.id, name="paid", sender="bob")
    forged = token.split(".", 1)[0] + "." + "0" * 43

    problem(await send(front, one, token, reference="r1"), 404, "unknown_execution")
    problem(await send(front, one, forged, reference="r1"), 404, "unknown_execution")
    problem(await send(front, one, one.capability, reference="r1"), 401, "invalid_token")
    problem(await send(front, other, token, name="sent", reference="r1"), 404, "unknown_execution")


async def test_a_signal_for_an_execution_of_a_protocol_is_404(front: Front) -> None:
    await front.house.begin("expense", "e1")
    token = front.house.engine.signal_token("e1", name="paid", sender="bob")

    answer = await send(front, Started(id="e1", capability="", step={}), token, reference="r1")

    problem(answer, 404, "unknown_execution")


async def test_a_signal_that_comes_too_late_is_410_without_a_step(front: Front) -> None:
    one = await front.start("expense")
    await front.client.post(f"/executions/{one.id}/cancel", headers=one.headers)
    token = front.house.engine.signal_token(one.id, name="paid", sender="bob")

    late = await send(front, one, token, reference="r1")

    told = problem(late, 410, "signal_late")
    assert "step" not in told
    assert one.id not in json.dumps(told)
