"""What a gateway is sent: what the operator wrote down, with values that can bend nothing."""

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executors.channels.sms import Authentication, RequestTemplate, SmsRequest

URL = "https://gateway.example/send"
SECRET = "canary-secret"


def filled(text: str = "Hello", **given: Any) -> SmsRequest:
    return RequestTemplate(**{"url": URL, "body": {"to": "{{ to }}", "text": "{{ text }}"}, **given}).fill(
        to="+491701234567", text=text, key="key-1"
    )


def test_json_is_the_default() -> None:
    request = filled()

    assert (request.method, request.url) == ("POST", URL)
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"to": "+491701234567", "text": "Hello"}


@given(st.text())
def test_no_text_can_bend_a_json_body_a_form_or_an_address(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    nested = {"messages": [{"to": ["{{ to }}"], "body": "{{ text }}", "flash": False, "parts": 3}]}

    assert json.loads(filled(text, body=nested).body) == {
        "messages": [{"to": ["+491701234567"], "body": text, "flash": False, "parts": 3}]
    }
    assert dict(parse_qsl(filled(text, form="form").body.decode(), keep_blank_values=True))["text"] == text
    address = urlsplit(filled(text, method="GET", url=f"{URL}?to={{{{ to }}}}&t={{{{ text }}}}").url)
    assert address.netloc == "gateway.example"
    assert parse_qs(address.query, keep_blank_values=True) == {"to": ["+491701234567"], "t": [text]}


def test_a_form_may_have_lists() -> None:
    request = filled(form="form", body={"to": ["{{ to }}", "{{ to[1:] }}"], "text": "{{ text }}"})

    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == b"to=%2B491701234567&to=491701234567&text=Hello"


def test_get_has_no_body() -> None:
    request = filled(method="GET")

    assert (request.method, request.body) == ("GET", b"")
    assert "content-type" not in request.headers


@pytest.mark.parametrize(
    ("authentication", "name", "value"),
    [
        (Authentication(kind="basic", user="shop", secret="s"), "authorization", "Basic c2hvcDpz"),
        (Authentication(kind="bearer", secret=SECRET), "authorization", f"Bearer {SECRET}"),
        (Authentication(kind="header", secret=SECRET, header="X-Api-Key"), "x-api-key", SECRET),
    ],
)
def test_the_gateway_is_told_who_we_are(authentication: Authentication, name: str, value: str) -> None:
    assert filled(authentication=authentication).headers[name] == value


def test_a_secret_may_stand_in_the_body_and_nowhere_in_sight() -> None:
    authentication = Authentication(user="shop", secret=SECRET)
    template = RequestTemplate(url=URL, body={"key": "{{ secret }}"}, authentication=authentication)
    request = template.fill(to="+491701234567", text="Hello", key="key-1")

    assert json.loads(request.body) == {"key": SECRET}
    assert SECRET not in repr(template) + repr(request) + repr(authentication)
    assert "+49" not in repr(request)


def test_each_try_carries_the_same_key() -> None:
    assert filled(idempotency_header="Idempotency-Key").headers["idempotency-key"] == "key-1"
    assert filled(headers={"X-Request": "m-{{ key }}"}).headers["x-request"] == "m-key-1"


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no address": ({"url": "gateway.example/send"}, 'url: expected an address such as "https://gateway.example/send"'),
    "no host": ({"url": "https:///send"}, "url: expected an address"),
    "no port": ({"url": "https://gateway.example:99999/send"}, "url: expected an address"),
    "a host of the message": ({"url": "https://{{ to }}.example/"}, "url: expected the same host for every message"),
    "unknown placeholder": ({"body": {"t": "{{ txt }}"}}, "body.t: 'txt' is undefined; there are: to, key, user"),
    "unclosed placeholder": ({"body": {"a": [{"t": "{{ text "}]}}, "body.a.0.t: .*placeholders are written {{ to }}"),
    "unknown filter": ({"url": URL + "/{{ to | shout }}"}, "url: No filter named 'shout'"),
    "text in a header": ({"headers": {"X-Text": "{{ text }}"}}, "headers.x-text: 'text' is undefined"),
    "a header of ours": ({"headers": {"Host": "other.example"}}, "headers: expected .* found 'host'"),
    "no header name": ({"headers": {"X Text": "x"}}, "headers: expected the name of a header"),
    "a line end": ({"headers": {"X-A": "a\r\nX-B: b"}}, "headers.x-a: expected printable ASCII"),
    "a table in a form": ({"form": "form", "body": {"a": {"b": "c"}}}, "body: expected texts, or lists"),
    "insides": ({"url": URL + "/{{ to.__class__ }}"}, "url: access to attribute '__class__'"),
    "what fails": ({"body": {"t": "{{ 1 // 0 }}"}}, "body.t: .* fails with ZeroDivisionError"),
    "for ever": ({"body": {"t": "{% for i in range(10 ** 9) %}x{% endfor %}"}}, "body.t: .* OverflowError"),
    "a date": ({"body": {"t": object()}}, "body.t: expected a text, a number, a list or a table"),
}


@pytest.mark.parametrize(("given", "why"), MISTAKES.values(), ids=MISTAKES)
def test_what_cannot_work_is_found_before_anything_is_sent(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        RequestTemplate(**{"url": URL, **given})


def test_a_secret_that_cannot_be_sent_is_not_shown() -> None:
    with pytest.raises(ValueError, match="authorization: expected printable ASCII") as caught:
        RequestTemplate(url=URL, authentication=Authentication(kind="bearer", secret=f"{SECRET}\n"))

    assert SECRET not in str(caught.value)
