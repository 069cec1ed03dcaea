"""One line an event, and never a secret in it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from lockhouse.logs import configure_logs, mask


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def logged(capsys: pytest.CaptureFixture[str], form: str = "json") -> list[dict[str, str]]:
    lines = capsys.readouterr().err.splitlines()
    return [json.loads(line) for line in lines] if form == "json" else [{"line": line} for line in lines]


@pytest.mark.usefixtures("restored")
def test_a_line_is_json_with_event_level_logger_time_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form="json", level="info")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logging.getLogger("engine.runtime").warning("task_failed", extra={"execution": "e1", "code": "fault"})

    (line,) = logged(capsys)
    assert {key: line[key] for key in ("event", "level", "logger", "execution", "code", "request_id")} == {
        "event": "task_failed",
        "level": "warning",
        "logger": "engine.runtime",
        "execution": "e1",
        "code": "fault",
        "request_id": "r1",
    }
    assert line["timestamp"].endswith("Z")


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", ["json", "console"])
def test_values_under_secret_names_and_links_are_masked(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure_logs(form="json" if form == "json" else "console", level="info")
    facts = {"password": "canary1", "step_token": "canary2", "path": "/a/canary3/x", "query": "auth_req_id=canary4&x=1"}
    logging.getLogger("x").info("opened /a/canary5", extra=facts)
    failure = ValueError("password=canary6 at /a/canary7")
    logging.getLogger("x").error("failed", exc_info=failure)

    text = json.dumps(logged(capsys, form))
    assert "canary" not in text
    assert "/a/***" in text


@pytest.mark.usefixtures("restored")
def test_a_level_below_the_setting_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form="json", level="warning")
    logging.getLogger("x").info("quiet")

    assert logged(capsys) == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("/a/AbC-_9", "/a/***"),
        ("GET /a/AbC/step HTTP/1.1", "GET /a/***/step HTTP/1.1"),
        ("grant_type=x&auth_req_id=abc&client_secret=def", "grant_type=x&auth_req_id=***&client_secret=***"),
        ("/healthz", "/healthz"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert mask(text) == masked
