"""Errors as RFC 6749 section 5.2 and CIBA Core section 13 shape them (requirements 84, 85, 93, 94)."""

import pytest

from protocols.oauth2.errors import OAuthError, invalid_client, invalid_request


def test_a_body_has_no_other_members() -> None:
    """Requirement 84."""
    assert invalid_request("no", hint="secret reason").body() == {"error": "invalid_request", "error_description": "no"}
    assert OAuthError("slow_down").body() == {"error": "slow_down"}


@pytest.mark.parametrize("description", ['say "x"', "back\\slash", "é", "two\nlines", "\x7f", "\t"])
def test_a_description_holds_only_the_characters_that_are_allowed(description: str) -> None:
    """Requirement 85."""
    with pytest.raises(ValueError, match="error_description"):
        OAuthError("invalid_request", description)


@pytest.mark.parametrize(
    ("error", "status"),
    [("invalid_request", 400), ("invalid_grant", 400), ("access_denied", 400), ("invalid_client", 401)],
)
def test_the_status_follows_from_the_error(error: str, status: int) -> None:
    assert OAuthError(error).status == status


def test_failed_client_authentication_has_one_text_and_a_challenge_only_for_the_header() -> None:
    """Requirement 94."""
    plain, challenged = invalid_client(hint="a"), invalid_client(hint="b", challenge="Basic")
    assert plain.body() == challenged.body()
    assert plain.headers == {}
    assert challenged.headers == {"WWW-Authenticate": "Basic"}


def test_errors_are_compared_by_what_they_say() -> None:
    assert OAuthError("a", "b") == OAuthError("a", "b")
    assert OAuthError("a", "b") != OAuthError("a", "c")
    assert OAuthError("a").code == "a"
