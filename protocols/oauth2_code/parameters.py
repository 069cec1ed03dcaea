"""The parameters of an authorization request (OpenID Connect Core 3.1.2.1, RFC 7636, RFC 8707), parsed and judged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocols.oauth2 import Client, Form, OAuthError, invalid_request, parse_scope
from protocols.oauth2.client_registration import CODE_GRANT
from protocols.oauth2.resources import RESOURCE, parse_resources

__all__ = ["CODE_GRANT", "DPOP_JKT", "AuthorizeParameters", "authorize_parameters", "redirect_uri_of"]

DPOP_JKT = "dpop_jkt"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # S256: 32 bytes as base64url (RFC 7636 section 4.2)
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # of SHA-256 (RFC 7638)
_PROMPTS = frozenset({"none", "login", "consent"})
_LONGEST = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeParameters:
    """One well-formed request. Whatever ``prompt`` and ``max_age`` ask for: people sign in and decide each time.

    ``dpop_jkt`` is the thumbprint of the only key that the code may be used with (RFC 9449 section 10).
    """

    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    challenge: str | None
    redirect_uri: str
    dpop_jkt: str | None
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    login_hint: str | None = field(repr=False)
    id_token_hint: str | None = field(repr=False)


def redirect_uri_of(form: Form, client: Client) -> str:
    """Return where the browser goes back to; it is compared character by character (RFC 9700 section 4.1.3).

    Nothing is ever sent to an address that is not registered: the person is told instead.
    """
    if "redirect_uri" in form.repeated:
        raise invalid_request("redirect_uri was sent more than once")
    asked = form.require("redirect_uri")
    if asked not in client.redirect_uris:
        raise invalid_request("redirect_uri is not registered for this client, character by character")
    return asked


def authorize_parameters(
    form: Form, client: Client, *, redirect_uri: str, scopes: Mapping[str, object], pkce: bool = True
) -> AuthorizeParameters:
    """Return what *form* asks for, or raise what section 3.1.2.6 has for it. Unknown parameters are ignored."""
    form.refuse_repeats()
    if CODE_GRANT not in client.grant_types:
        raise OAuthError("unauthorized_client", "this client may not use the code grant")
    for name in ("request", "request_uri"):
        if form.get(name) is not None:
            raise OAuthError(f"{name}_not_supported", f"{name} is not supported here; push the request instead")
    if form.require("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type is code here")
    if form.get("response_mode") not in (None, "query"):
        raise invalid_request("response_mode is query here")
    _check_prompt(form.get("prompt"))
    _check_max_age(form.get("max_age"))
    for name in ("state", "nonce", "login_hint"):
        if len(form.get(name) or "") > _LONGEST:
            raise invalid_request(f"{name} is longer than {_LONGEST} characters")
    return AuthorizeParameters(
        scopes=parse_scope(form.get("scope"), known=scopes, allowed=client.scopes),
        resources=parse_resources(form.every(RESOURCE)),
        challenge=_challenge(form, required=pkce),
        redirect_uri=redirect_uri,
        dpop_jkt=_thumbprint(form),
        state=form.get("state"),
        nonce=form.get("nonce"),
        login_hint=form.get("login_hint"),
        id_token_hint=form.get("id_token_hint"),
    )


def _challenge(form: Form, *, required: bool) -> str | None:
    """Return the PKCE challenge; ``plain`` proves nothing (RFC 9700 section 2.1.1).

    Every client has one, unless it is not *required*: then a client may leave all of PKCE out, and nothing else.
    """
    if not required and form.get("code_challenge") is None and form.get("code_challenge_method") is None:
        return None
    challenge = form.require("code_challenge")
    if form.get("code_challenge_method") != "S256":
        raise invalid_request("code_challenge_method is S256 here")
    if not _CHALLENGE.fullmatch(challenge):
        raise invalid_request("code_challenge is 43 characters of base64url")
    return challenge


def _thumbprint(form: Form) -> str | None:
    asked = form.get(DPOP_JKT)
    if asked is not None and not _THUMBPRINT.fullmatch(asked):
        raise invalid_request("dpop_jkt is the thumbprint of a key: 43 characters of base64url")
    return asked


def _check_prompt(text: str | None) -> None:
    asked = frozenset((text or "").split())
    if not asked <= _PROMPTS:
        raise invalid_request("prompt holds a value that is unknown here")
    if "none" in asked:
        if len(asked) > 1:
            raise invalid_request("prompt=none stands alone")
        raise OAuthError("login_required", "nobody is asked without being shown a page here")


def _check_max_age(text: str | None) -> None:
    if text is not None and not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise invalid_request("max_age is a number of seconds")
