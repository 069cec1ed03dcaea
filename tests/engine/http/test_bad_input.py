"""What is no proper request gets a clear problem, and changes nothing."""

import json
from collections.abc import AsyncIterator

import pytest

from engine.http import FlowNotExposable, Limits, routes
from engine.storage import Database
from tests.engine.execution.flows import end, flow, prompt
from tests.engine.http.kit import LOGIN_INPUTS, Front, Started, fronted, problem
from tests.engine.runtime.kit import make_house

pytestmark = pytest.mark.anyio
START = "/flows/login/executions"
MEGABYTE = 1_048_576


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[]", 400, "not_an_object"),
        (b'"text"', 400, "not_an_object"),
        (b"7", 400, "not_an_object"),
        (b"null", 400, "not_an_object"),
        (b"{", 400, "invalid_json"),
        (b"inputs=1", 400, "invalid_json"),
        (b'{"inputs": {}, "inputs": {}}', 400, "duplicate_member"),
        (b'{"inputs": {"a": 1, "a": 2}}', 400, "duplicate_member"),
        (b'{"inputs": {"a": NaN}}', 400, "invalid_json"),
        (b'{"inputs": {"a": -Infinity}}', 400, "invalid_json"),
        (b'{"inputs": {"a": 1e999}}', 400, "invalid_json"),
        (b'{"inputs": {"a": ' + b"9" * 5000 + b"}}", 400, "invalid_json"),
        (b'{"inputs": {"a": "\\ud800"}}', 400, "invalid_json"),
        (b'{"inputs": {"a": "\xff"}}', 400, "invalid_json"),
        (b'\xef\xbb\xbf{"inputs": {}}', 400, "invalid_json"),
        (b'{"inputs": ' + b"[" * 100_0 + b"]" * 100_0 + b"}", 400, "invalid_json"),
        (b'{"inputs": {' + b",".join(b'"f%d": 1' % n for n in range(300)) + b"}}", 422, "too_many_members"),
        (b'{"inputs": []}', 422, "invalid_request"),
        (b'{"inputs": null}', 422, "invalid_request"),
        (b'{"input": {}}', 422, "invalid_request"),
        (b'{"inputs": {}, "locale": "not a locale"}', 422, "invalid_request"),
        (b'{"inputs": {}, "locale": "en\\n"}', 422, "invalid_request"),
        (b'{"inputs": {}, "locale": 1}', 422, "invalid_request"),
    ],
)
async def test_a_body_that_is_not_what_it_should_be_is_named(front: Front, body: bytes, status: int, code: str) -> None:
    problem(await front.post(START, body), status, code)


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "", "json"]
)
async def test_a_body_of_another_type_is_415(front: Front, media: str) -> None:
    problem(await front.post(START, "{}", Content_Type=media), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"']
)
async def test_json_may_be_announced_in_every_proper_way(front: Front, media: str) -> None:
    body = json.dumps({"inputs": dict(LOGIN_INPUTS)})

    assert (await front.post(START, body, Content_Type=media)).status_code == 201


async def test_a_body_that_is_too_long_is_413_announced_or_not(front: Front) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    problem(await front.post(START, b" " * 10 * MEGABYTE), 413, "body_too_long")
    streamed = await front.client.post(START, content=chunks(), headers={"Content-Type": "application/json"})
    problem(streamed, 413, "body_too_long")


async def test_a_value_of_a_megabyte_is_refused_where_larger_bodies_are_allowed_by_its_field(
    sqlite_database: Database,
) -> None:
    asks = flow(
        "asks", prompt("ask", {"submit": "done"}, fields={"why": {"type": "string", "max": 20}}), end("done", "done")
    )
    house = make_house(sqlite_database, graphs=(asks,))
    async with fronted(house, exposed=["asks"], limits=Limits(body=2 * MEGABYTE)) as front:
        answer = (await front.client.post("/flows/asks/executions")).json()
        one = Started(id=answer["step"]["execution"], capability=answer["capability"], step=answer["step"])

        bad = await front.submit(one, one.step["token"], "submit", why="x" * MEGABYTE)

        assert problem(bad, 422, "invalid_fields")["errors"][0] == {
            "field": "why",
            "code": "max",
            "message": "expected at most 20 characters",
            "params": {"max": 20},
        }
        assert len(bad.content) < 1000
        assert (await front.submit(one, one.step["token"], "submit", why="short")).json()["outcome"] == "done"


async def test_the_value_that_does_not_fit_is_in_no_answer(front: Front) -> None:
    one = await front.start()

    bad = await front.submit(one, one.step["token"], "submit", password=["canary-7f3a"])

    problem(bad, 422, "invalid_fields")
    assert "canary-7f3a" not in bad.text


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", START, "POST"),
        ("GET", "/flows/nothing/executions", "POST"),
        ("PUT", "/executions/e", "GET, HEAD"),
        ("DELETE", "/executions/e", "GET, HEAD"),
        ("GET", "/executions/e/cancel", "POST"),
        ("POST", "/executions/e/events", "GET, HEAD"),
        ("PATCH", "/executions/e/steps/t", "POST"),
        ("GET", "/executions/e/signals/s", "POST"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("OPTIONS", "/executions/e", "GET, HEAD"),
    ],
)
async def test_a_method_that_an_address_does_not_know_is_405_with_allow(
    front: Front, method: str, path: str, allow: str
) -> None:
    answer = await front.client.request(method, path)

    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allow


async def test_head_is_answered_like_get(front: Front) -> None:
    one = await front.start()

    answer = await front.client.head(f"/executions/{one.id}", headers=one.headers)
    stream = await front.client.head(f"/executions/{one.id}/events", headers=one.headers)

    assert answer.status_code == stream.status_code == 200
    assert stream.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("path", ["/executions/%00", "/executions/a b", "/executions/" + "x" * 65, "/executions/%0a"])
async def test_an_address_that_no_id_looks_like_is_404(front: Front, path: str) -> None:
    one = await front.start()

    problem(await front.client.get(path, headers=one.headers), 404, "not_found")


async def test_a_flow_that_takes_a_callback_cannot_be_exposed(sqlite_database: Database) -> None:
    calls = flow("calls", end("done", "done"), inputs={"back": {"type": "list of endpoint"}})
    nested = flow("nested", end("done", "done"), inputs={"back": {"type": {"to": "endpoint"}}})
    engine = make_house(sqlite_database, graphs=(calls, nested)).engine

    for name, word in [("calls", "endpoint"), ("nested", "endpoint"), ("absent", "there is none")]:
        with pytest.raises(FlowNotExposable, match=word):
            routes(engine, exposed=[name], on_end="told")
    with pytest.raises(ValueError, match="FLOW_API_ENDS"):
        routes(engine, exposed=[])


async def test_what_was_never_meant_to_fail_is_500_without_a_word_about_why(front: Front) -> None:
    def broken(*_asked: object, **_named: object) -> None:
        raise RuntimeError("canary-of-the-inside")

    one = await front.start()
    front.house.engine.inspect = broken  # type: ignore[method-assign,assignment] # a mistake of ours, on purpose
    answer = await front.show(one)

    problem(answer, 500, "server_error")
    assert "canary" not in answer.text
