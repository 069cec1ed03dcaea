"""What an access token says, checked and typed: the same whether it was read or asked about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from protocols.oauth2 import OAuthError

__all__ = ["AccessToken", "check_claims"]

# Clocks of two machines differ a little; RFC 9068 section 4 leaves how much to the API.
_SKEW: Final = timedelta(seconds=30)
_TEXTS: Final = ("iss", "sub", "client_id", "jti")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token that is good for this API (RFC 9068 section 2.2). Its text is not kept.

    ``subject`` is the person that the client acts for, by the name that this client knows. ``actor`` is the client_id
    of an agent where one acts. ``auth_time``, ``acr`` and ``methods`` say when and how the person proved themselves,
    where the issuer told it. ``claims`` is all that the token says.
    """

    issuer: str
    subject: str
    client_id: str
    audience: tuple[str, ...]
    scopes: frozenset[str]
    token_id: str
    issued_at: datetime
    expires_at: datetime
    actor: str | None
    auth_time: datetime | None
    acr: str | None
    methods: tuple[str, ...]
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def is_bound(self) -> bool:
        """Say whether the token is of use to its holder alone, and not to who finds it."""
        return self.claims.get("cnf") is not None


def check_claims(claims: Mapping[str, Any], *, issuer: str, audience: str, now: datetime) -> AccessToken:
    """Return the token that *claims* are of, if *issuer* made it for *audience* and it is good at *now*.

    Raises ``invalid_token``, with the first claim that is wrong for the log.
    """
    for name in _TEXTS:
        if not isinstance(claims.get(name), str) or not claims[name]:
            raise refusal(f"expected a claim {name}, found none")
    if claims["iss"] != issuer:
        raise refusal("iss is another issuer")
    named = claims.get("aud")
    meant_for = tuple(named) if isinstance(named, list) else (named,)
    if audience not in meant_for or not all(isinstance(each, str) for each in meant_for):
        raise refusal("aud is another API")
    issued_at, expires_at = _moment(claims, "iat"), _moment(claims, "exp")
    if expires_at <= now - _SKEW:
        raise refusal("exp is over")
    if max(issued_at, _moment(claims, "nbf") if "nbf" in claims else issued_at) > now + _SKEW:
        raise refusal("iat or nbf is to come")
    scope = claims.get("scope", "")
    return AccessToken(
        issuer=issuer,
        subject=claims["sub"],
        client_id=claims["client_id"],
        audience=meant_for,
        scopes=frozenset(scope.split() if isinstance(scope, str) else ()),
        token_id=claims["jti"],
        issued_at=issued_at,
        expires_at=expires_at,
        actor=_actor(claims.get("act")),
        auth_time=_moment(claims, "auth_time") if "auth_time" in claims else None,
        acr=_text(claims.get("acr")),
        methods=_texts(claims.get("amr")),
        claims=MappingProxyType(dict(claims)),
    )


def refusal(hint: str) -> OAuthError:
    """Return the one answer to tokens that are not good; *hint* is for the API's log."""
    return OAuthError("invalid_token", "the access token is not valid here", hint=hint)


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(f"expected {name} as a number of seconds")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise refusal(f"{name} is no moment") from error


def _actor(act: object) -> str | None:
    return _text(act.get("sub")) if isinstance(act, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
