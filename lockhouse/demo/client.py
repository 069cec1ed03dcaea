"""The client of the demo: a shop that uses requests-oauth2client, as any application may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import requests
from jwskate import JwkSet, SignedJwt
from requests_oauth2client import (
    AuthorizationPending,
    BearerToken,
    ClientSecretBasic,
    EndpointError,
    IdToken,
    OAuth2Client,
    SlowDown,
)

from lockhouse.demo.errors import DemoFailed

__all__ = ["Asked", "Poll", "Shop", "Tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the shop got at once."""

    auth_req_id: str = field(repr=False)
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One answer of the token endpoint: tokens, or the error's name."""

    state: Literal["waiting", "slow", "ended", "tokens"]
    error: str = ""
    token: BearerToken | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The claims of both tokens, after verification."""

    id_token: Mapping[str, Any]
    access_token: Mapping[str, Any]
    algorithm: str


class Shop:
    """Asks, polls, verifies. `last` is the HTTP answer that came last, for showing it."""

    def __init__(self, *, issuer: str, client_id: str, secret: str) -> None:
        self._issuer, self._client_id = issuer, client_id
        self._session = requests.Session()
        # Proxy variables would lead loopback requests astray.
        self._session.trust_env = False
        self._session.hooks["response"].append(self._note)
        self.last = requests.Response()
        metadata = self._json(f"{issuer}/.well-known/openid-configuration")
        self._jwks_uri: str = metadata["jwks_uri"]
        self._client = OAuth2Client(
            token_endpoint=metadata["token_endpoint"],
            # The library's own discovery drops this endpoint.
            backchannel_authentication_endpoint=metadata["backchannel_authentication_endpoint"],
            auth=ClientSecretBasic(client_id, secret),
            session=self._session,
            testing=True,
        )

    def ask(self, *, login_hint: str, scope: str, binding_message: str, requested_expiry: int) -> Asked:
        """Send the backchannel authentication request (CIBA Core 7.1)."""
        try:
            answer = self._client.backchannel_authentication_request(
                scope=scope, login_hint=login_hint, binding_message=binding_message, requested_expiry=requested_expiry
            )
        except EndpointError as refused:
            raise DemoFailed(f"the request was refused: {refused.error}: {refused.description}") from refused
        return Asked(
            auth_req_id=answer.auth_req_id,
            expires_in=answer.expires_in or requested_expiry,
            interval=answer.interval or 5,
        )

    def poll(self, asked: Asked) -> Poll:
        """Ask the token endpoint once (CIBA Core 10.1)."""
        try:
            token = self._client.ciba(asked.auth_req_id)
        except AuthorizationPending:
            return Poll(state="waiting", error="authorization_pending")
        except SlowDown:
            return Poll(state="slow", error="slow_down")
        except EndpointError as ended:
            return Poll(state="ended", error=ended.error)
        return Poll(state="tokens", token=token)

    def verify(self, token: BearerToken) -> Tokens:
        """Verify both tokens against the published keys, and return their claims. Raises what is wrong."""
        keys = JwkSet(self._json(self._jwks_uri))
        if not isinstance(token.id_token, IdToken):
            raise DemoFailed("the token answer holds no signed ID token")
        token.id_token.validate(keys, issuer=self._issuer, audience=self._client_id, alg="RS256")
        access = SignedJwt(token.access_token)
        access.validate(keys, issuer=self._issuer, alg="RS256")
        return Tokens(id_token=token.id_token.claims, access_token=access.claims, algorithm="RS256")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _note(self, answer: requests.Response, *_args: Any, **_kwargs: Any) -> None:
        self.last = answer

    def _json(self, url: str) -> Any:
        answer = self._session.get(url, timeout=10)
        answer.raise_for_status()
        return answer.json()
