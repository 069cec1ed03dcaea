"""Whom a client means: what each of the three hints comes to, once what is signed about it was verified."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from protocols.oauth2_ciba.signed_jwts import OneUse

UnknownKey = Literal["register", "proceed", "reject"]
Naming = Literal["sub", "username", "email", "tel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Whom the client means, not looked for yet.

    ``names`` are written as login_hints; all must mean one and the same person. ``told`` is a ``sub`` of ours, as this
    very client was told it. ``once`` is there for what may be shown only once. ``verified`` is False for an ID Token
    whose key is not known any more; where ``needs_grant``, the person must have a grant with the client already.
    """

    names: tuple[str, ...] = field(default=(), repr=False)
    told: str | None = field(default=None, repr=False)
    once: OneUse | None = None
    verified: bool = True
    needs_grant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTokenHintPolicy:
    """Which ID Tokens are taken as hints.

    ``unknown_key``: ``register`` lets a token pass unverified whose key is registered and lost, under conditions;
    ``proceed`` any token whose key is unknown, which is then worth no more than a login_hint; ``reject`` none.
    ``max_age`` is how long after it was issued a token is taken, expired or not.
    """

    unknown_key: UnknownKey = "register"
    max_age: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class HintIssuer:
    """Somebody whose login_hint_tokens are taken, with keys (a key set as JSON, or where it is) and algorithms.

    ``clients`` are those that may show them; None lets every client. ``naming`` says what its ``sub`` and its opaque
    identifiers are: our subject ids, or user names, e-mail addresses or telephone numbers.
    """

    issuer: str
    algorithms: tuple[str, ...]
    jwks: str | None = None
    jwks_uri: str | None = None
    clients: frozenset[str] | None = None
    naming: Naming = "sub"
