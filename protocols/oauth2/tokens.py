"""ID tokens (OpenID Connect Core section 2) and access tokens (RFC 9068), built and signed in memory."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from protocols.oauth2.signing_keys import SigningKey

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1, no secret
AUTH_REQ_ID_CLAIM = "urn:openid:params:jwt:claim:auth_req_id"
_HASHES: Mapping[str, str] = MappingProxyType(
    {f"{family}{size}": f"sha{size}" for family in ("RS", "PS", "ES", "HS") for size in (256, 384, 512)}
    | {"EdDSA": "sha512", "Ed25519": "sha512"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person approved, as far as tokens tell of it."""

    subject: str
    client_id: str
    scopes: tuple[str, ...]
    auth_time: datetime
    methods: tuple[str, ...]
    acr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """What the deployment says of all tokens."""

    issuer: str
    audience: str
    access_token_life: timedelta
    id_token_life: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """Tokens that were built but not given to anybody yet."""

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    jti: str
    access_token_life: timedelta
    access_token_expires_at: datetime
    scopes: tuple[str, ...]

    def answer(self) -> dict[str, Any]:
        """Return the members of the token response (OpenID Connect Core section 3.1.3.3)."""
        return {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": int(self.access_token_life.total_seconds()),
            "scope": " ".join(self.scopes),
            "id_token": self.id_token,
        }


def build_tokens(
    approval: Approval,
    *,
    policy: TokenPolicy,
    key: SigningKey,
    jti: str,
    now: datetime,
    auth_req_id: str | None = None,
    id_token_key: SigningKey | None = None,
) -> TokenSet:
    """Return signed tokens for *approval*. Nothing is stored: until the caller does, they are worth nothing.

    *id_token_key* signs the ID token where the client asked for an algorithm of its own.
    """
    id_key = id_token_key or key
    iat = int(now.timestamp())
    known = _known(approval)
    access_claims = {
        "iss": policy.issuer,
        "sub": approval.subject,
        "aud": policy.audience,
        "client_id": approval.client_id,
        "scope": " ".join(approval.scopes),
        "jti": jti,
        "iat": iat,
        "exp": iat + int(policy.access_token_life.total_seconds()),
        **known,
    }
    access_token = key.sign(access_claims, typ=ACCESS_TOKEN_TYPE)
    id_claims = {
        "iss": policy.issuer,
        "sub": approval.subject,
        "aud": approval.client_id,
        "iat": iat,
        "exp": iat + int(policy.id_token_life.total_seconds()),
        "at_hash": half_hash(access_token, id_key.algorithm),
        **known,
    }
    if auth_req_id is not None:
        id_claims[AUTH_REQ_ID_CLAIM] = auth_req_id
    return TokenSet(
        access_token=access_token,
        id_token=id_key.sign(id_claims, typ="JWT"),
        jti=jti,
        access_token_life=policy.access_token_life,
        access_token_expires_at=now + policy.access_token_life,
        scopes=approval.scopes,
    )


def half_hash(value: str, algorithm: str) -> str:
    """Return the left half of *value*'s hash as ``at_hash`` has it (OpenID Connect Core section 3.1.3.6).

    The hash is the one inside the signature's algorithm; for Ed25519 that is SHA-512.
    """
    digest = hashlib.new(_HASHES[algorithm], value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def _known(approval: Approval) -> dict[str, Any]:
    known: dict[str, Any] = {"auth_time": int(approval.auth_time.timestamp())}
    if approval.methods:
        known["amr"] = list(approval.methods)
    if approval.acr is not None:
        known["acr"] = approval.acr
    return known
