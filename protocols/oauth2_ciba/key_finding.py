"""The key that a token of somebody else names: from a key set at hand, or from one that is fetched."""

from datetime import datetime
from typing import Any

from protocols.oauth2 import KeysNotThere, OAuthError, RemoteKeys, parse_key_set
from protocols.oauth2_ciba.signed_jwts import JwtRefused, SignedJwt


class KeySets:
    """Key sets of clients and of issuers of hints."""

    def __init__(self, *, remote: RemoteKeys) -> None:
        self._remote = remote

    async def key_of(self, signed: SignedJwt, *, jwks: str | None, jwks_uri: str | None, now: datetime) -> Any:
        """Return the key that *signed* names, of the set *jwks* or of the one behind *jwks_uri*.

        Raises JwtRefused where there is none, ``temporarily_unavailable`` where the set cannot be had now: that is no
        fault of the token.
        """
        if jwks is not None:
            keys = parse_key_set(jwks)
        elif jwks_uri is not None:
            keys = await self._fetched(signed, jwks_uri, now)
        else:
            raise JwtRefused("cannot be verified: no keys are registered for whoever signed it")
        key = keys.find(signed.kid, signed.algorithm)
        if key is None:
            raise JwtRefused("names no key that is registered for whoever signed it")
        return key.load(signed.algorithm)

    async def _fetched(self, signed: SignedJwt, jwks_uri: str, now: datetime) -> Any:
        try:
            return await self._remote.find(jwks_uri, kid=signed.kid, algorithm=signed.algorithm, now=now)
        except KeysNotThere as error:
            raise OAuthError(
                "temporarily_unavailable",
                "the keys behind a jwks_uri cannot be fetched: try again",
                headers={"Retry-After": "5"},
            ) from error
