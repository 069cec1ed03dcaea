"""Answers of something that is not the flow API: each is an error that says so, and never taken for a step."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from lockhouse.flow_client import (
    AnswerLost,
    AsyncFlowClient,
    Execution,
    FlowApiError,
    FlowClient,
    NotFound,
    Patience,
    Step,
)

pytestmark = pytest.mark.anyio
ADDRESS = "http://api.example"
QUICK = Patience(first_pause=0.01, longest_pause=0.02)
ONE = Execution(id="e1", capability="lhc_x", step=Step(execution="e1", flow="tea", status="prompt", token="t"))
STEP = {"execution": "e1", "flow": "tea", "status": "waiting"}
STRANGE = {
    "a redirect": httpx2.Response(302, headers={"Location": "https://login.example"}),
    "a redirect with JSON": httpx2.Response(307, json=STEP),
    "not modified": httpx2.Response(304),
    "a page": httpx2.Response(200, text="<html>Sign in</html>"),
    "a list": httpx2.Response(200, json=[STEP]),
    "nothing": httpx2.Response(200),
    "another service": httpx2.Response(200, json={"status": "ok"}),
    "a time that is none": httpx2.Response(200, json={**STEP, "expires_at": "soon"}),
    "fields that are none": httpx2.Response(200, json={**STEP, "fields": [1]}),
    "another conflict": httpx2.Response(409, json={"step": {"id": 1}}),
    "another refusal": httpx2.Response(422, json={"errors": ["name"]}),
}
CALLS: dict[str, Callable[[FlowClient], Any]] = {
    "start": lambda client: client.start("tea"),
    "step": lambda client: client.step(ONE),
    "submit": lambda client: client.submit(ONE, ONE.step, "submit"),
    "wait": lambda client: client.wait(ONE, seconds=5),
    "take_part": lambda client: client.take_part("e1", "lhp_x"),
    "events": lambda client: list(client.events(ONE)),
}


class Network(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """A network on which something answers that is not the API: each call in turn, the last one from then on."""

    def __init__(self, *answers: httpx2.Response) -> None:
        self._answers, self.asked = list(answers), 0

    def handle_request(self, _request: httpx2.Request) -> httpx2.Response:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", STRANGE)
def test_no_strange_answer_is_taken_for_ours(answer: str, call: str) -> None:
    with (
        FlowClient(ADDRESS, patience=QUICK, transport=Network(STRANGE[answer])) as client,
        pytest.raises(FlowApiError) as caught,
    ):
        CALLS[call](client)

    assert caught.value.status in {STRANGE[answer].status_code, 201}
    assert caught.value.code in {"not_the_api", ""}


async def test_the_same_with_await() -> None:
    for answer in STRANGE.values():
        async with AsyncFlowClient(ADDRESS, patience=QUICK, transport=Network(answer)) as client:
            with pytest.raises(FlowApiError):
                await client.step(ONE)
            with pytest.raises(FlowApiError):
                await anext(client.events(ONE))


def test_an_error_that_is_no_problem_keeps_its_status() -> None:
    page = httpx2.Response(404, text="<html>")
    with FlowClient(ADDRESS, transport=Network(page)) as client, pytest.raises(NotFound, match="is this its address"):
        client.step(ONE)


def test_a_stream_of_something_else_is_an_error_and_a_broken_one_begins_anew() -> None:
    def stream(*chunks: str) -> httpx2.Response:
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, text="".join(chunks))

    whole = f"id: 1\ndata: {json.dumps({**STEP, 'status': 'ended'})}\n\n"
    answers = [stream(f"id: 1\ndata: {json.dumps(STEP)[:20]}\n"), stream(whole)]
    with FlowClient(ADDRESS, patience=QUICK, transport=Network(*answers)) as client:
        (step,) = client.events(ONE)
    strange = stream("data: {not json}\n\n")
    with FlowClient(ADDRESS, patience=QUICK, transport=Network(strange)) as client, pytest.raises(FlowApiError):
        list(client.events(ONE))

    assert step.ended


@pytest.mark.parametrize("call", ["step", "events"])
def test_a_server_that_stays_busy_is_given_up(call: str) -> None:
    busy = Network(httpx2.Response(503, json={"code": "temporarily_unavailable"}, headers={"Retry-After": "1"}))
    with (
        FlowClient(ADDRESS, patience=QUICK, transport=busy) as client,
        pytest.raises((FlowApiError, AnswerLost)),
    ):
        CALLS[call](client)

    assert busy.asked == QUICK.tries
