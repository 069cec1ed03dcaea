"""The parameters of a backchannel request, parsed: nobody asks again whether they are there (CIBA Core 7.1)."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from protocols.oauth2 import Client, OAuthError, Profile, invalid_request, parse_resources, parse_scope
from protocols.oauth2_ciba.binding import check_binding_message
from protocols.oauth2_ciba.sent_parameters import Sent
from protocols.oauth2_ciba.settings import CibaSettings

HINTS = ("login_hint", "login_hint_token", "id_token_hint")
_EXPIRY = re.compile(r"0*([1-9][0-9]*)", re.ASCII)
_MANY_DIGITS = 9
_LONG = timedelta(minutes=10)
_LONG_INTERVAL = timedelta(seconds=15)
# RFC 6750 section 2.1: b64token; CIBA Core section 7.1: at most 1024 characters.
_NOTIFICATION_TOKEN = re.compile(r"(?=.{1,1024}\Z)[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_MOST_RESOURCES = 16
_LONGEST_RESOURCE = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """One well-formed request. Whose hint it is, is read apart from it.

    ``notification_token`` is there for ping and push clients only; nobody has a use for that of a poll client.
    """

    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    binding_message: str | None = field(repr=False)
    acr_values: str | None
    expires_in: timedelta
    interval: timedelta
    notification_token: str | None = field(default=None, repr=False)


def parse_parameters(sent: Sent, client: Client, profile: Profile, settings: CibaSettings) -> Parameters:
    """Return what *sent* asks for, or raise what CIBA Core section 13 has for it. Unknown parameters are ignored.

    The order is fixed: syntax of each parameter, scopes, resources.
    """
    message = sent.get("binding_message")
    if message is not None:
        longest = min(settings.binding_max, client.binding_max or settings.binding_max, profile.binding_max)
        emoji = profile.binding_emoji
        check_binding_message(message, longest=longest, pattern=client.binding_pattern, emoji=emoji)
    elif profile.context_required and not sent.has_context:
        # Requirement 105: whoever is asked must be able to tell this request from another.
        raise invalid_request("binding_message or request_context is required")
    expires_in = _expires_in(sent.get("requested_expiry"), client, settings)
    token = _notification_token(sent, client)
    return Parameters(
        scopes=parse_scope(sent.get("scope"), known=settings.scopes, allowed=client.scopes),
        resources=_resources(sent),
        binding_message=message,
        acr_values=sent.get("acr_values"),
        expires_in=expires_in,
        interval=_interval(expires_in, client, settings),
        notification_token=token,
    )


def the_hint(sent: Sent) -> tuple[str, str]:
    """Return name and value of the one hint; none, or more than one, is the client's mistake (CIBA Core 7.2)."""
    named = [(name, value) for name in HINTS if (value := sent.get(name)) is not None]
    if len(named) != 1:
        raise invalid_request("send exactly one of login_hint, login_hint_token and id_token_hint")
    return named[0]


def _notification_token(sent: Sent, client: Client) -> str | None:
    """Return the token that a ping or push client wants to be told with; it has no use where the client polls."""
    if client.delivery_mode == "poll":
        return None
    token = sent.get("client_notification_token")
    if token is None or not _NOTIFICATION_TOKEN.fullmatch(token):
        raise invalid_request("client_notification_token is required: a bearer token of at most 1024 characters")
    return token


def _resources(sent: Sent) -> tuple[str, ...]:
    if len(sent.resources) > _MOST_RESOURCES or any(len(resource) > _LONGEST_RESOURCE for resource in sent.resources):
        raise OAuthError("invalid_target", f"at most {_MOST_RESOURCES} resources can be asked for")
    return parse_resources(sent.resources)


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
