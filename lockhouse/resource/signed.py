"""Signed access tokens (RFC 9068), read by the issuer's published keys: nobody is asked about a single token."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import httpx2
import jwt

from lockhouse.client.provider import check_issuer
from lockhouse.resource.access_token import AccessToken, check_claims, refusal
from lockhouse.resource.errors import CannotJudge
from lockhouse.resource.issuer_documents import IssuerDocuments
from protocols.oauth2 import KEY_ALGORITHMS, KeysNotThere, RemoteKeys

__all__ = ["SignedTokens"]

_TYPES: Final = ("at+jwt", "application/at+jwt")
_LONGEST: Final = 16 * 1024


class SignedTokens:
    """Reads the tokens that *issuer* signed for *audience*, the address that this API is registered as.

    Keys are fetched when they are first needed, again every ten minutes, and for a key that is not known yet at most
    once a minute; while the issuer does not answer, those of before count for a day. A token that was taken back is
    good until it expires: where that is too long, use `IntrospectedTokens`. *algorithms* may be fewer than all that
    Lockhouse signs with; *transport* stands in for the network. Raises ProviderInvalid for an issuer that is not https.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        algorithms: Sequence[str] = KEY_ALGORITHMS,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        unknown = set(algorithms) - set(KEY_ALGORITHMS)
        if unknown or not algorithms:
            raise ValueError(f"expected algorithms of {', '.join(KEY_ALGORITHMS)}, found {sorted(unknown) or 'none'}")
        self._issuer, self._audience, self._algorithms = check_issuer(issuer), audience, tuple(algorithms)
        self._keys = RemoteKeys(IssuerDocuments(transport))

    async def read(self, token: str, *, now: datetime) -> AccessToken:
        """Return what *token* says; raise ``invalid_token``, or CannotJudge where the keys cannot be had."""
        algorithm, kid = self._header(token)
        try:
            keys = await self._keys.find(self._issuer, kid=kid, algorithm=algorithm, now=now)
        except KeysNotThere as error:
            raise CannotJudge("issuer_unreachable", "the issuer's keys cannot be fetched now") from error
        key = keys.find(kid, algorithm)
        if key is None:
            raise refusal("signed by no key that the issuer publishes")
        return check_claims(
            _verified(token, key.load(algorithm), algorithm), issuer=self._issuer, audience=self._audience, now=now
        )

    def _header(self, token: str) -> tuple[str, str | None]:
        try:
            header = jwt.get_unverified_header(token) if len(token) <= _LONGEST else {}
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise refusal("not a signed token: an opaque one can only be asked about") from error
        if str(header.get("typ")).lower() not in _TYPES:
            raise refusal("typ is not at+jwt: another kind of token, perhaps an ID token")
        if header.get("alg") not in self._algorithms:
            raise refusal("alg is none of those that are taken here")
        kid = header.get("kid")
        return str(header["alg"]), kid if isinstance(kid, str) else None


def _verified(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    try:
        # Who made it, for whom, and when is compared afterwards, with the clock that we were given.
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise refusal(f"the signature does not verify: {type(error).__name__}") from error
    return claims
