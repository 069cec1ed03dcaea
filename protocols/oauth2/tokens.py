"""ID tokens (OpenID Connect Core section 2) and access tokens (RFC 9068), built and signed in memory."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from protocols.oauth2.confirmations import Confirmation, token_type_of
from protocols.oauth2.signing_keys import SigningKey
from protocols.oauth2.subjects import Subject

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1, no secret
AUTH_REQ_ID_CLAIM = "urn:openid:params:jwt:claim:auth_req_id"
RT_HASH_CLAIM = "urn:openid:params:jwt:claim:rt_hash"
_HASHES: Mapping[str, str] = MappingProxyType(
    {f"{family}{size}": f"sha{size}" for family in ("RS", "PS", "ES", "HS") for size in (256, 384, 512)}
    | {"EdDSA": "sha512", "Ed25519": "sha512"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person approved. ``resources`` are those that tokens may be for; none means the default audience."""

    user_id: str
    client_id: str
    scopes: tuple[str, ...]
    auth_time: datetime
    methods: tuple[str, ...]
    acr: str | None = None
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """What the deployment says of all tokens. ``audience`` is whom they are for where no resource is named."""

    issuer: str
    audience: str
    access_token_life: timedelta
    id_token_life: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOrder:
    """All that tokens are made of. ``protocols.oauth2.token_orders`` fills it in as the client is registered.

    ``resources`` narrows the access token to some of the approved ones. ``opaque`` is a random text that is given in
    place of a signed access token; ``acts`` says that the client is an agent that acts for the person.
    ``id_token_key`` signs the ID token where the client asked for an algorithm of its own. ``confirmation`` is what
    the access token is bound to; the ID token and the refresh token are bound to the client already.
    """

    approval: Approval
    subject: Subject
    policy: TokenPolicy
    key: SigningKey
    jti: str
    now: datetime
    id_token_key: SigningKey | None = None
    resources: tuple[str, ...] = ()
    acts: bool = False
    confirmation: Confirmation | None = None
    opaque: str | None = field(default=None, repr=False)
    auth_req_id: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom the access token is for (RFC 8707 section 2; without a resource RFC 9068 section 3)."""
        return self.resources or self.approval.resources or (self.policy.audience,)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """Tokens that were built but not given to anybody yet. ``opaque`` says that the access token is not signed."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    jti: str
    opaque: bool
    subject: Subject
    audience: tuple[str, ...]
    scopes: tuple[str, ...]
    issued_at: datetime
    access_token_life: timedelta
    confirmation: Confirmation | None = None

    @property
    def access_token_expires_at(self) -> datetime:
        """Until when the access token is accepted."""
        return self.issued_at + self.access_token_life

    def answer(self) -> dict[str, Any]:
        """Return the members of the token response (OpenID Connect Core section 3.1.3.3)."""
        answer = {
            "access_token": self.access_token,
            "token_type": token_type_of(self.confirmation.cnf if self.confirmation else None),
            "expires_in": int(self.access_token_life.total_seconds()),
            "scope": " ".join(self.scopes),
            "id_token": self.id_token,
        }
        return answer if self.refresh_token is None else {**answer, "refresh_token": self.refresh_token}


def build_tokens(order: TokenOrder) -> TokenSet:
    """Return the tokens of *order*, signed. Nothing is stored: until the caller does, they are worth nothing."""
    access_token = order.opaque or order.key.sign(_access_claims(order), typ=ACCESS_TOKEN_TYPE)
    id_token_key = order.id_token_key or order.key
    return TokenSet(
        access_token=access_token,
        id_token=id_token_key.sign(_id_claims(order, access_token, id_token_key.algorithm), typ="JWT"),
        refresh_token=order.refresh_token,
        jti=order.jti,
        opaque=order.opaque is not None,
        subject=order.subject,
        audience=order.audience,
        scopes=order.approval.scopes,
        issued_at=order.now,
        access_token_life=order.policy.access_token_life,
        confirmation=order.confirmation,
    )


def actor(client_id: str) -> dict[str, Any]:
    """Return the members that say who acts for the subject (RFC 8693 section 4.1)."""
    return {"act": {"sub": client_id}}


def as_audience(names: tuple[str, ...]) -> str | list[str]:
    """Return *names* as ``aud`` has them: one as a text (RFC 7519 section 4.1.3).

    >>> as_audience(("https://api.example",))
    'https://api.example'
    """
    return names[0] if len(names) == 1 else list(names)


def half_hash(value: str, algorithm: str) -> str:
    """Return the left half of *value*'s hash as ``at_hash`` has it (OpenID Connect Core section 3.1.3.6).

    The hash is the one inside the signature's algorithm; for Ed25519 that is SHA-512.
    """
    digest = hashlib.new(_HASHES[algorithm], value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def _access_claims(order: TokenOrder) -> dict[str, Any]:
    approval, iat = order.approval, int(order.now.timestamp())
    return {
        "iss": order.policy.issuer,
        "sub": order.subject.told,
        "aud": as_audience(order.audience),
        "client_id": approval.client_id,
        "scope": " ".join(approval.scopes),
        "jti": order.jti,
        "iat": iat,
        "exp": iat + int(order.policy.access_token_life.total_seconds()),
        **known_claims(approval.auth_time, approval.methods, approval.acr),
        **(actor(approval.client_id) if order.acts else {}),
        **(order.confirmation.claims() if order.confirmation else {}),
    }


def _id_claims(order: TokenOrder, access_token: str, algorithm: str) -> dict[str, Any]:
    approval, iat = order.approval, int(order.now.timestamp())
    claims = {
        "iss": order.policy.issuer,
        "sub": order.subject.told,
        "aud": approval.client_id,
        "iat": iat,
        "exp": iat + int(order.policy.id_token_life.total_seconds()),
        "at_hash": half_hash(access_token, algorithm),
        **known_claims(approval.auth_time, approval.methods, approval.acr),
    }
    if order.auth_req_id is not None:
        claims[AUTH_REQ_ID_CLAIM] = order.auth_req_id
    if order.nonce is not None:
        claims["nonce"] = order.nonce
    if order.refresh_token is not None:
        claims[RT_HASH_CLAIM] = half_hash(order.refresh_token, algorithm)
    return claims


def known_claims(auth_time: datetime, methods: tuple[str, ...], acr: str | None) -> dict[str, Any]:
    """Return what is known of how the person was authenticated (OpenID Connect Core section 2)."""
    known: dict[str, Any] = {"auth_time": int(auth_time.timestamp())}
    if methods:
        known["amr"] = list(methods)
    if acr is not None:
        known["acr"] = acr
    return known
