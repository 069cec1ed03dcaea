"""Cookie, CSRF token and Origin: what ties a browser to its forms."""

import pytest
from starlette.responses import Response

from engine.storage import Keyring
from lockhouse.gate.browser import (
    cookie_name,
    csrf_passes,
    csrf_token,
    fingerprint,
    new_cookie,
    origin_passes,
    read_cookie,
    set_cookie,
)
from lockhouse.gate.settings import GateSettings

PUBLIC = GateSettings(issuer="https://id.example")
LOCAL = GateSettings(issuer="http://localhost:8400", development=True)
MAC = Keyring({"k1": bytes(32)}, "k1").mac
OURS = "https://id.example"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"origin": OURS}, True),
        ({"origin": OURS, "sec-fetch-site": "cross-site"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "http://id.example"}, False),
        ({"origin": "https://id.example:444"}, False),
        ({"origin": "https://id.example.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "null", "sec-fetch-site": "same-site"}, False),
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
    ],
)
def test_origin_must_be_ours_or_vouched_for_by_the_browser(headers: dict[str, str], passes: bool) -> None:
    assert origin_passes(headers, OURS) is passes


def test_a_csrf_token_serves_the_browser_that_it_was_given_to_and_no_other() -> None:
    mine, other = new_cookie(), new_cookie()
    token = csrf_token(MAC, mine)
    assert csrf_passes(MAC, mine, token)
    assert not csrf_passes(MAC, other, token)
    assert not csrf_passes(MAC, None, token)
    assert not csrf_passes(MAC, mine, "")
    assert not csrf_passes(MAC, mine, token + "ä")


def test_the_cookie_is_kept_to_this_host_and_from_scripts() -> None:
    response = Response()
    set_cookie(response, new_cookie(), PUBLIC)
    header = response.headers["set-cookie"].lower()
    assert header.startswith("__host-lockhouse=")
    assert {part.strip() for part in header.split(";")[1:]} == {"path=/", "secure", "httponly", "samesite=lax"}


def test_development_over_http_does_without_prefix_and_secure() -> None:
    response = Response()
    set_cookie(response, new_cookie(), LOCAL)
    header = response.headers["set-cookie"].lower()
    assert header.startswith("lockhouse=")
    assert {part.strip() for part in header.split(";")[1:]} == {"path=/", "httponly", "samesite=lax"}


def test_development_over_https_keeps_prefix_and_secure() -> None:
    assert cookie_name(GateSettings(issuer="https://localhost:8400", development=True)).startswith("__Host-")


@pytest.mark.parametrize("value", ["", "x", "a" * 42, "a" * 44, "a" * 42 + "!", "ä" * 43])
def test_a_cookie_that_we_cannot_have_set_counts_as_none(value: str) -> None:
    assert read_cookie({"lockhouse": value}, LOCAL) is None


def test_a_cookie_of_ours_is_read() -> None:
    cookie = new_cookie()
    assert read_cookie({"lockhouse": cookie}, LOCAL) == cookie


def test_what_is_stored_of_a_cookie_does_not_contain_it() -> None:
    cookie = new_cookie()
    assert len(fingerprint(cookie)) == 32
    assert cookie.encode() not in fingerprint(cookie)
