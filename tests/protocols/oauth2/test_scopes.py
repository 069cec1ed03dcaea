"""Scopes (requirement 26)."""

import pytest

from protocols.oauth2 import STANDARD_SCOPES, OAuthError, Scope, parse_scope

ALLOWED = ("openid", "email")


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("openid", ("openid",)),
        ("email openid", ("email", "openid")),
        ("openid  openid email ", ("openid", "email")),
    ],
)
def test_order_is_kept_and_repeats_are_dropped(text: str, scopes: tuple[str, ...]) -> None:
    assert parse_scope(text, known=STANDARD_SCOPES, allowed=ALLOWED) == scopes


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("email", "invalid_scope"),
        ("openid profile", "invalid_scope"),
        ("openid nonsense", "invalid_scope"),
        ("OpenID", "invalid_scope"),
        ("openid\temail", "invalid_scope"),
    ],
)
def test_what_is_missing_unknown_or_not_allowed_is_refused(text: str | None, error: str) -> None:
    with pytest.raises(OAuthError) as refused:
        parse_scope(text, known=STANDARD_SCOPES, allowed=(*ALLOWED, "nonsense"))
    assert refused.value.error == error


def test_openid_cannot_be_left_out_whatever_a_deployment_calls_it() -> None:
    """Requirement 26: an operator who only wants another title must not make it optional."""
    assert Scope(name="openid", title="Wissen, wer Sie sind").required
    assert not Scope(name="email", title="Ihre E-Mail-Adresse").required
