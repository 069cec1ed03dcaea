"""An access token as a request presents it, and the challenges that refuse one (RFC 6750, RFC 9449 section 7.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from protocols.oauth2.confirmations import BEARER, DPOP
from protocols.oauth2.dpop import PROOF_ALGORITHMS
from protocols.oauth2.errors import OAuthError, invalid_request

__all__ = ["SCHEMES", "PresentedToken", "Scheme", "challenged", "read_authorization", "refuse_elsewhere"]

Scheme = Literal["Bearer", "DPoP"]
SCHEMES: Mapping[str, Scheme] = MappingProxyType({BEARER.lower(): "Bearer", DPOP.lower(): "DPoP"})
_CHALLENGE = "WWW-Authenticate"
_ALGORITHMS = f'algs="{" ".join(PROOF_ALGORITHMS)}"'
# Where there is no token yet, either way of sending one is named.
_INVITATION = f"{BEARER}, {DPOP} {_ALGORITHMS}"
_UNAUTHORIZED = frozenset({"invalid_token", "invalid_dpop_proof", "use_dpop_nonce"})


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """The token of an Authorization header, with the scheme that it came under."""

    scheme: Scheme
    token: str = field(repr=False)


def read_authorization(headers: Sequence[str]) -> PresentedToken:
    """Return the token of the one Authorization header; raise ``invalid_token`` with a challenge.

    A request without any is challenged without an error code (RFC 6750 section 3.1).
    """
    if not headers:
        text = "send the access token in the Authorization header"
        raise OAuthError("invalid_token", text, headers={_CHALLENGE: _INVITATION})
    scheme, _, token = headers[0].strip().partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() not in SCHEMES or not token or not token.isascii() or " " in token:
        text = "the Authorization header holds no single Bearer or DPoP token"
        raise challenged(OAuthError("invalid_token", text), BEARER)
    return PresentedToken(SCHEMES[scheme.lower()], token)


def refuse_elsewhere(parameters: Iterable[str]) -> None:
    """Raise ``invalid_request`` where a token came in query or body besides: their names are *parameters*.

    Addresses and bodies are logged and kept, and one request has one token (RFC 6750 section 2, FAPI 1.0 6.2.1).
    """
    if "access_token" in parameters:
        raise challenged(invalid_request("send the access token in the Authorization header only"), BEARER)


def challenged(error: OAuthError, scheme: str, *, scope: str | None = None) -> OAuthError:
    """Return *error* as a resource answers it: with its challenge for *scheme*, and 401 for what a new token mends.

    *scope* is what the token would need, where the error is ``insufficient_scope``.
    """
    members = [f'error="{error.error}"']
    members += [f'error_description="{error.description}"'] if error.description else []
    members += [f'scope="{scope}"'] if scope else []
    members += [_ALGORITHMS] if scheme.lower() == DPOP.lower() else []
    name = SCHEMES[scheme.lower()]
    return OAuthError(
        error.error,
        error.description,
        status=401 if error.error in _UNAUTHORIZED else error.status,
        hint=error.hint,
        headers={**error.headers, _CHALLENGE: f"{name} {', '.join(members)}"},
    )
