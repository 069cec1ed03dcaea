"""A status alone proves nothing: what counts as sent, what is tried again, what is given up."""

from typing import Any

import pytest

from engine import Refused, Transient
from executors.channels.sms import AnswerRule

BY_PATH = {"path": "messages.0.status", "accepted": "0", "permanent": "[67]"}
BY_TEXT = {"accepted": r"^OK\b", "permanent": "invalid number"}


def verdict(rule: dict[str, Any], status: int, body: bytes) -> str:
    match AnswerRule(**rule).judge(status, body):
        case None:
            return "sent"
        case Refused() as refused:
            return f"refused {refused.reason}"
        case Transient() as transient:
            return f"again {transient.reason}"


@pytest.mark.parametrize(
    ("rule", "status", "body", "expected"),
    [
        ({}, 200, b"", "sent"),
        ({}, 202, b"whatever", "sent"),
        ({}, 400, b"", "refused sms_refused"),
        ({}, 422, b"", "refused sms_refused"),
        ({"permanent_status": (404,)}, 404, b"", "refused sms_refused"),
        ({"permanent_status": ()}, 400, b"", "again sms_gateway_failed"),
        ({}, 301, b"", "again sms_gateway_redirects"),
        ({}, 307, b"", "again sms_gateway_redirects"),
        ({}, 401, b"", "again sms_gateway_refused_us"),
        ({}, 403, b"", "again sms_gateway_refused_us"),
        ({}, 429, b"", "again sms_gateway_failed"),
        ({}, 500, b"", "again sms_gateway_failed"),
        (BY_PATH, 200, b'{"messages": [{"status": "0"}]}', "sent"),
        (BY_PATH, 200, b'{"messages": [{"status": 0}]}', "sent"),
        (BY_PATH, 200, b'{"messages": [{"status": "10"}]}', "again sms_not_accepted"),
        (BY_PATH, 200, b'{"messages": [{"status": "6"}]}', "refused sms_refused"),
        (BY_PATH, 500, b'{"messages": [{"status": "7"}]}', "refused sms_refused"),
        (BY_PATH, 200, b'{"messages": []}', "again sms_not_accepted"),
        (BY_PATH, 200, b'{"messages": [{"status": null}]}', "again sms_not_accepted"),
        (BY_PATH, 200, b"[]", "again sms_not_accepted"),
        (BY_PATH, 200, b"", "again sms_not_accepted"),
        (BY_PATH, 200, b"\xff\xfe", "again sms_not_accepted"),
        (BY_PATH, 200, b"[" * 100_000, "again sms_not_accepted"),
        (BY_PATH, 200, b"<html>0</html>", "again sms_not_accepted"),
        ({"path": "ok", "accepted": "true"}, 200, b'{"ok": true}', "sent"),
        ({"path": "ok", "accepted": "true"}, 200, b'{"ok": false}', "again sms_not_accepted"),
        (BY_TEXT, 200, b"OK 4711", "sent"),
        (BY_TEXT, 200, b"NOT OK", "again sms_not_accepted"),
        (BY_TEXT, 200, b"ERR invalid number", "refused sms_refused"),
    ],
)
def test_an_answer_means(rule: dict[str, Any], status: int, body: bytes, expected: str) -> None:
    assert verdict(rule, status, body) == expected


def test_no_error_quotes_the_body() -> None:
    trouble = AnswerRule(accepted="^OK").judge(200, b"cannot reach +491701234567")

    assert "+49" not in str(trouble)


def test_a_pattern_that_is_none_is_found_at_start() -> None:
    with pytest.raises(ValueError, match=r"answer.accepted: expected a regular expression, found '\(' *"):
        AnswerRule(accepted="(")
