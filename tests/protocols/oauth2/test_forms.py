"""The form reader: media type, then size, then encoding, then repeats (requirements 20, 24, 25, 97)."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth2.errors import OAuthError
from protocols.oauth2.forms import BODY_LIMIT, check_head, parse_form, read_body

FORM = "application/x-www-form-urlencoded"


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize(
    "content_type",
    [
        FORM,
        FORM.upper(),
        f"{FORM};charset=UTF-8",
        f"{FORM}; charset=utf-8",
        f'{FORM}; Charset="UTF-8"',
        f"{FORM}; charset=utf-8;",
        f"{FORM}; charset=utf-8; x=y",
        f"{FORM}; x=y",
    ],
)
def test_a_form_is_accepted_with_or_without_its_charset(content_type: str) -> None:
    """Requirement 20."""
    check_head(content_type, "10")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "multipart/form-data",
        f"{FORM}x",
        f"{FORM}; charset=latin-1",
        f"{FORM}; x=y; charset=utf-16",
    ],
)
def test_what_is_no_utf8_form_is_refused(content_type: str | None) -> None:
    """Requirement 20: a JSON body → 400 ``invalid_request``."""
    with pytest.raises(OAuthError) as refused:
        check_head(content_type, None)
    assert (refused.value.status, refused.value.error) == (400, "invalid_request")


@pytest.mark.parametrize("length", [str(BODY_LIMIT + 1), "10000000", "9" * 400])
def test_a_long_body_is_refused_by_its_announced_length(length: str) -> None:
    with pytest.raises(OAuthError) as refused:
        check_head(FORM, length)
    assert (refused.value.status, refused.value.error) == (413, "invalid_request")


@pytest.mark.anyio
async def test_a_long_body_is_refused_while_it_streams_whatever_was_announced() -> None:
    seen = []

    async def endless() -> AsyncIterator[bytes]:
        for number in range(1000):
            seen.append(number)
            yield b"x" * 4096

    with pytest.raises(OAuthError) as refused:
        await read_body(endless())
    assert refused.value.status == 413
    assert len(seen) == BODY_LIMIT // 4096 + 1


@pytest.mark.anyio
async def test_a_body_of_exactly_the_limit_is_read() -> None:
    assert len(await read_body(chunks(b"x" * BODY_LIMIT))) == BODY_LIMIT


def test_an_empty_value_counts_as_omitted() -> None:
    """Requirement 24."""
    form = parse_form(b"scope=&login_hint=ann")
    assert form.get("scope") is None
    assert form.get("login_hint") == "ann"
    with pytest.raises(OAuthError) as missing:
        form.require("scope")
    assert missing.value.description == "scope is required"


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&a=1", b"a=&a=1", b"b=1&%61=1&a=2"])
def test_a_repeated_parameter_is_seen_even_if_equal_empty_or_spelt_otherwise(body: bytes) -> None:
    """Requirements 24 and 97."""
    with pytest.raises(OAuthError) as refused:
        parse_form(body).refuse_repeats()
    assert refused.value.error == "invalid_request"


def test_a_parameter_may_repeat_where_it_is_allowed_to() -> None:
    """Requirement 142 leaves ``resource`` as the one exception."""
    form = parse_form(b"resource=a&resource=&resource=b&scope=openid")
    form.refuse_repeats()
    assert (form.every("resource"), form.every("scope"), form.every("x")) == (("a", "b"), ("openid",), ())


@pytest.mark.parametrize("body", [b"a=\xff", b"a=%ff", b"a=%ed%a0%80", b"%c3=1", b"a=%00", b"%00=a"])
def test_bytes_that_are_no_text_are_refused(body: bytes) -> None:
    with pytest.raises(OAuthError) as refused:
        parse_form(body)
    assert (refused.value.status, refused.value.error) == (400, "invalid_request")


def test_more_parameters_than_anybody_needs_are_refused() -> None:
    parse_form(b"&".join(b"p%d=1" % n for n in range(64)))
    with pytest.raises(OAuthError):
        parse_form(b"&".join(b"p%d=1" % n for n in range(65)))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_an_invalid_request(body: bytes) -> None:
    with suppress(OAuthError):
        assert all(parse_form(body).without(frozenset()).values())
