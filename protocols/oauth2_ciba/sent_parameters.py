"""What was asked for, by name: from the form, or from the claims of a request object, and from nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols.oauth2 import CLIENT_AUTHENTICATION_PARAMETERS, Form, OAuthError, invalid_request
from protocols.oauth2_ciba.signed_jwts import is_storable

_TEXTS = (
    *("scope", "client_notification_token", "acr_values", "login_hint_token", "id_token_hint", "login_hint"),
    *("binding_message", "user_code"),
)
_MOST_SECONDS = 10**12
_OUTSIDE = CLIENT_AUTHENTICATION_PARAMETERS | {"request"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The parameters of one request. ``has_context`` says that there is a request_context (FAPI-CIBA)."""

    texts: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...] = ()
    has_context: bool = False

    def get(self, name: str) -> str | None:
        """Return the value of *name*, or None where it was not sent or sent empty."""
        return self.texts.get(name)


def sent_in_form(form: Form) -> Sent:
    """Return the parameters in *form*. ``request_uri`` is no part of CIBA (requirement 36)."""
    if form.get("request_uri") is not None:
        raise invalid_request("request_uri is not supported")
    names = (*_TEXTS, "requested_expiry")
    texts = {name: value for name in names if (value := form.get(name)) is not None}
    return Sent(texts=texts, resources=form.every("resource"), has_context=form.get("request_context") is not None)


def refuse_beside_object(form: Form) -> None:
    """Raise ``invalid_request`` for a parameter outside of the request object (CIBA Core section 7.1.1).

    What belongs to client authentication may be there; that client ids are equal is checked with it.
    """
    if form.without(_OUTSIDE):
        raise invalid_request("beside a request object, only client authentication may be sent")


def sent_in_claims(claims: Mapping[str, Any]) -> Sent:
    """Return the parameters among *claims*: texts, but for ``requested_expiry`` and what profiles add."""
    # requests-oauth2client writes null for whatever was not given: that is omitted, not wrong.
    claims = {name: value for name, value in claims.items() if value is not None}
    texts = {name: text for name in _TEXTS if name in claims and (text := _text(claims, name))}
    if "requested_expiry" in claims and (expiry := _expiry(claims["requested_expiry"])):
        texts["requested_expiry"] = expiry
    return Sent(texts=texts, resources=_resources(claims), has_context=bool(claims.get("request_context")))


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str) or not is_storable(value):
        raise _wrong(name, "a text")
    return value


def _expiry(value: object) -> str:
    """Return the digits of a text or of a number: CIBA Core section 7.1.1 wants both to be taken."""
    if isinstance(value, str) and is_storable(value):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong("requested_expiry", "a positive number of seconds")
    # A number of thousands of digits cannot be printed, and need not be: it is more than any policy gives.
    return str(max(min(value, _MOST_SECONDS), -1))


def _resources(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the resources: one text or an array of them, as JSON has a parameter that repeats (RFC 8707 section 2)."""
    value = claims.get("resource", [])
    named = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) and is_storable(name) for name in named):
        raise _wrong("resource", "a text or an array of texts")
    return tuple(name for name in named if name)


def _wrong(name: str, expected: str) -> OAuthError:
    return invalid_request(f"{name} in the request object must be {expected}")
