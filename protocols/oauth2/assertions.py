"""Assertions as every callback receives them: a signature of ours, and what is told to whoever posted one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from engine.storage import Keyring
from protocols.oauth2.signing_keys import ASSERTION_TYPE

__all__ = ["OTHER_CLAIMS", "CallbackAnswer", "digest_of_claims", "verified_claims"]

OTHER_CLAIMS = "other_claims"
# They change when a task is run again under the same key, and say nothing about what is asserted.
_VOLATILE = frozenset({"iat", "exp", "nbf"})
# Everything else is judged by the checks, with the clock that we were given.
_SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the poster of an assertion is told: accepted, or the name of the check that failed.

    A request that is not pending any more is refused with ``status:`` and its state.
    """

    accepted: bool
    reason: str = ""


def verified_claims(assertion: str, public_key: Any) -> Mapping[str, Any] | None:
    """Return the claims under our key's signature, of the right type; the algorithm is never the token's choice."""
    try:
        if jwt.get_unverified_header(assertion).get("typ") != ASSERTION_TYPE:
            return None
        claims: Mapping[str, Any] = jwt.decode(assertion, public_key, algorithms=["EdDSA"], options=_SIGNATURE_ONLY)
    except (jwt.PyJWTError, ValueError):
        return None
    return claims


def digest_of_claims(keyring: Keyring, label: str, claims: Mapping[str, Any]) -> bytes:
    """Return the keyed hash of what *claims* assert, by which a repetition is known."""
    lasting = {name: value for name, value in claims.items() if name not in _VOLATILE}
    return keyring.mac(label, json.dumps(lasting, sort_keys=True))
