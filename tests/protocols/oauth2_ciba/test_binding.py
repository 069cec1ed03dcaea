"""Which binding messages may be shown (requirement 33)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth2 import OAuthError
from protocols.oauth2_ciba.binding import check_binding_message


def check(message: str, *, longest: int = 256, pattern: str | None = None) -> None:
    check_binding_message(message, longest=longest, pattern=pattern)


@pytest.mark.parametrize(
    "message",
    [
        "W4SCT",
        "Tisch 4: 17,50 €",
        "x" * 256,
        "😀 ok",
        "مرحبا",
        "שלום",
        "e\u0301",
        "a/b: c//d",
        "wwwhat",
        "1.2.3",
        " x ",
    ],
)
def test_what_people_can_read_is_accepted_unaltered(message: str) -> None:
    check(message)


@pytest.mark.parametrize(
    "message",
    [
        "x" * 257,
        "two\nlines",
        "tab\there",
        "nul\x00",
        "\x7f",
        "\x85",
        "\u202eevil",
        "a\u2066b",
        "a\u200fb",
        "line\u2028separator",
        "   ",
        "\u00a0\u2003",
        "\u200b",
        "\u3164\u2800\uffa0",
        "\ufe0f",
        "see https://evil.example",
        "ftp://x",
        "WWW.evil.example",
    ],
)
def test_what_may_not_be_shown_is_refused(message: str) -> None:
    with pytest.raises(OAuthError) as refused:
        check(message)
    assert (refused.value.status, refused.value.error) == (400, "invalid_binding_message")


def test_length_and_form_can_be_set_per_client() -> None:
    check("ABC-123", longest=7, pattern=r"[A-Z]{3}-\d{3}")
    for message, longest in (("ABC-123", 6), ("abc-123", 99), ("ABC-1234", 99)):
        with pytest.raises(OAuthError):
            check(message, longest=longest, pattern=r"[A-Z]{3}-\d{3}")


@given(st.text(max_size=300))
def test_any_text_is_accepted_or_refused_by_its_own_error(message: str) -> None:
    found = None
    try:
        check(message)
    except OAuthError as error:
        found = error
    assert found is None or found.error == "invalid_binding_message"
