"""What ties a token to whoever it was given to: a certificate (RFC 8705) or a key (RFC 9449), as ``cnf`` (RFC 7800)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from protocols.oauth2.dpop import Proof
from protocols.oauth2.errors import OAuthError, invalid_request

__all__ = ["BEARER", "DPOP", "Confirmation", "Sender", "confirmation_of", "stored_confirmation", "token_type_of"]

BEARER, DPOP = "Bearer", "DPoP"
_Method = Literal["x5t#S256", "jkt"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The one way to show that a token is in the right hands. ``value`` is a thumbprint, base64url of a SHA-256."""

    method: _Method
    value: str

    @property
    def cnf(self) -> dict[str, str]:
        """What the claim holds."""
        return {self.method: self.value}

    def claims(self) -> dict[str, Any]:
        """Return the claim that access tokens and introspection carry (RFC 8705 section 3, RFC 9449 section 6).

        >>> Confirmation("jkt", "0ZcOCORZNYy").claims()
        {'cnf': {'jkt': '0ZcOCORZNYy'}}
        """
        return {"cnf": self.cnf}

    def as_stored(self) -> str:
        """Return the text that `stored_confirmation` reads."""
        return json.dumps(self.cnf)


def stored_confirmation(text: str | None) -> Confirmation | None:
    """Return what was stored; None for what is bound to nobody."""
    if text is None:
        return None
    ((method, value),) = json.loads(text).items()
    return Confirmation(method, value)


def token_type_of(cnf: Mapping[str, Any] | None) -> str:
    """Return how a token with this ``cnf`` is used: with proofs of a key, or as it is (RFC 9449 section 5).

    A token bound to a certificate is a Bearer token by name (RFC 8705 section 3).
    """
    return DPOP if cnf is not None and "jkt" in cnf else BEARER


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a request showed of its sender's keys, to be judged once its client is known.

    ``certificate`` is the thumbprint of the one that it was sent with. A proof that does not hold is there as the
    error that it earns. ``attempt`` is the request's own, so that a unit may be run again; ``profile`` is the
    deployment's.
    """

    certificate: str | None = None
    proof: Proof | OAuthError | None = None
    attempt: bytes = field(default=b"", repr=False)
    profile: str = "core"


def confirmation_of(sender: Sender, *, certificate_bound: bool, dpop_bound: bool) -> Confirmation | None:
    """Return what the tokens of a request are bound to, None for nothing; raise where its client owes something.

    A proof that came is judged, needed or not. A certificate binds only where the client is registered so: it may be
    there for authentication alone (RFC 8705 section 3.4).
    """
    proof = sender.proof
    if isinstance(proof, OAuthError):
        raise proof
    if certificate_bound and dpop_bound:  # a registration from before the deployment took up its profile
        raise invalid_request("the tokens of this client are bound to its certificate here: register it without DPoP")
    if certificate_bound:
        if sender.certificate is None:
            raise invalid_request("the tokens of this client are bound to its certificate: connect with it")
        if proof is not None:
            raise invalid_request("the tokens of this client are bound to its certificate: send no DPoP header")
        return Confirmation("x5t#S256", sender.certificate)
    if proof is None and dpop_bound:
        raise invalid_request("the tokens of this client are bound to a key: send a DPoP header")
    return None if proof is None else Confirmation("jkt", proof.jkt)
