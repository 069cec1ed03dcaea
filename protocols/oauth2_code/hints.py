"""``id_token_hint``: whom an ID token of ours means (OpenID Connect Core section 3.1.2.2)."""

import jwt
from jwt.types import Options

from protocols.oauth2.signing_keys import Register

__all__ = ["subject_in"]

_TYPES = frozenset({None, "jwt"})


def subject_in(token: str, register: Register, *, issuer: str, client_id: str) -> str | None:
    """Return the ``sub`` of *token* where it is an ID token that we gave to *client_id*, else None.

    That it has expired is no failure.
    """
    try:
        header = jwt.get_unverified_header(token)
        algorithm, key = register.verifying[str(header.get("kid"))]
        options: Options = {
            "require": ["sub", "iat", "exp", "auth_time"],
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        claims = jwt.decode(token, key, algorithms=[algorithm], issuer=issuer, audience=client_id, options=options)
    except (jwt.PyJWTError, KeyError, ValueError, RecursionError):
        return None
    typ = header.get("typ")
    subject = claims["sub"]
    fits = (typ.lower() if isinstance(typ, str) else typ) in _TYPES
    return subject if fits and isinstance(subject, str) else None
