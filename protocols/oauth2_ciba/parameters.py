"""The parameters of a backchannel request, parsed: nobody asks again whether they are there (CIBA Core 7.1)."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from protocols.oauth2 import Client, Form, invalid_request, parse_scope
from protocols.oauth2_ciba.binding import check_binding_message
from protocols.oauth2_ciba.settings import CibaSettings

HINTS = ("login_hint", "login_hint_token", "id_token_hint")
_EXPIRY = re.compile(r"0*([1-9][0-9]*)", re.ASCII)
_MANY_DIGITS = 9
_LONG = timedelta(minutes=10)
_LONG_INTERVAL = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """One well-formed request. ``hint`` is its login_hint."""

    scopes: tuple[str, ...]
    hint: str = field(repr=False)
    binding_message: str | None = field(repr=False)
    acr_values: str | None
    expires_in: timedelta
    interval: timedelta


def parse_parameters(form: Form, client: Client, settings: CibaSettings) -> Parameters:
    """Return what *form* asks for, or raise what CIBA Core section 13 has for it. Unknown parameters are ignored.

    The order is fixed: request object, syntax of each parameter, scopes, hints.
    """
    refuse_request_objects(form)
    message = form.get("binding_message")
    if message is not None:
        longest = min(settings.binding_max, client.binding_max or settings.binding_max)
        check_binding_message(message, longest=longest, pattern=client.binding_pattern)
    expires_in = _expires_in(form.get("requested_expiry"), client, settings)
    scopes = parse_scope(form.get("scope"), known=settings.scopes, allowed=client.scopes)
    return Parameters(
        scopes=scopes,
        hint=_hint(form),
        binding_message=message,
        acr_values=form.get("acr_values"),
        expires_in=expires_in,
        interval=_interval(expires_in, client, settings),
    )


def refuse_request_objects(form: Form) -> None:
    """Raise ``invalid_request`` for ``request`` and ``request_uri`` (CIBA Core section 7.1.1; metadata says so)."""
    for name in ("request", "request_uri"):
        if form.get(name) is not None:
            raise invalid_request(f"{name} is not supported")


def _expires_in(text: str | None, client: Client, settings: CibaSettings) -> timedelta:
    most = client.max_expiry or settings.max_expires_in
    if text is None:
        return min(settings.expires_in, most)
    number = _EXPIRY.fullmatch(text)
    if number is None:
        raise invalid_request("requested_expiry is a positive number of seconds")
    return most if len(number[1]) > _MANY_DIGITS else min(timedelta(seconds=int(number[1])), most)


def _interval(expires_in: timedelta, client: Client, settings: CibaSettings) -> timedelta:
    if client.interval is not None:
        return client.interval
    return max(settings.interval, _LONG_INTERVAL) if expires_in > _LONG else settings.interval


def _hint(form: Form) -> str:
    """Return the one hint; none, or more than one, is the client's mistake (CIBA Core section 7.2)."""
    sent = [name for name in HINTS if form.get(name) is not None]
    if len(sent) != 1:
        raise invalid_request("send exactly one of login_hint, login_hint_token and id_token_hint")
    if sent[0] != "login_hint":
        raise invalid_request(f"{sent[0]} is not supported")
    return form.require("login_hint")
