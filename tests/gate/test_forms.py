"""Forms: what is no form of ours is refused by status; texts become typed JSON without knowing the step."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from lockhouse.gate.forms import FormRefused, parse_form, read_form, submitted_values


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("password:text=a+b%20", {"password": "a b "}),
        ("why:text=", {}),
        ("n:integer=-7", {"n": -7}),
        ("n:integer=+12", {"n": 12}),
        ("n:integer=1_000", {"n": "1_000"}),
        ("n:integer=%D9%A3", {"n": "٣"}),
        ("n:integer=1.5", {"n": "1.5"}),
        ("n:integer=" + "9" * 400, {"n": "9" * 400}),
        ("x:number=1.25", {"x": 1.25}),
        ("x:number=2", {"x": 2}),
        ("x:number=1e999", {"x": "1e999"}),
        ("x:number=nan", {"x": "nan"}),
        ("ok:boolean=", {"ok": False}),
        ("ok:boolean=&ok:boolean=true", {"ok": True}),
        ("tags:list=", {"tags": []}),
        ("tags:list=&tags:list=a&tags:list=b&tags:list=a", {"tags": ["a", "b"]}),
        ("tags:lines=a%0D%0A%0D%0A+b+", {"tags": ["a", "b"]}),
        ("at:time=2030-01-01T12:00", {"at": "2030-01-01T12:00:00+00:00"}),
        ("at:time=2030-01-01T12:00:05", {"at": "2030-01-01T12:00:05+00:00"}),
        ("at:time=2030-01-01T12:00:00Z", {"at": "2030-01-01T12:00:00Z"}),
        ("at:time=", {}),
        ("j:json=%7B%22a%22:[1]%7D", {"j": {"a": [1]}}),
        ("j:json=%7Bbroken", {"j": "{broken"}),
        ("j:json=" + "[" * 20_000, {"j": "[" * 20_000}),
        ("csrf=x&step=y&action=submit", {}),
        ("password:execute=x", {}),
    ],
)
def test_each_kind_is_read_as_the_json_that_the_engine_expects_or_left_as_text(body: str, values: object) -> None:
    assert submitted_values(parse_form(body.encode())) == values


def test_a_form_shows_no_value_in_its_repr() -> None:
    assert "hunter2" not in repr(parse_form(b"password:text=hunter2"))


@pytest.mark.parametrize("body", [b"a=%ff", b"a=\xff", b"a=%00", b"a=1&" * 2000])
def test_a_body_that_is_no_clean_text_is_refused(body: bytes) -> None:
    with pytest.raises(FormRefused) as refused:
        parse_form(body)
    assert refused.value.status == 400


def request(body: bytes, **headers: str) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": named}, receive)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"content_type": "application/json"}, 415),
        (b"a=1", {}, 415),
        (b"a=1", {"content_type": "application/x-www-form-urlencoded", "content_length": "10485760"}, 413),
        (b"a=" + b"x" * 70_000, {"content_type": "application/x-www-form-urlencoded"}, 413),
    ],
)
async def test_what_is_no_small_form_is_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    with pytest.raises(FormRefused) as refused:
        await read_form(request(body, **headers))
    assert refused.value.status == status


@pytest.mark.anyio
async def test_a_form_with_a_charset_is_read() -> None:
    form = await read_form(request(b"a=%C3%A4", content_type="application/x-www-form-urlencoded; charset=UTF-8"))
    assert form.one("a") == "ä"
