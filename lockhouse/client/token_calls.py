"""The conversations about tokens: renew them, give them back, ask about them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from lockhouse.client.connection import Connection, accepted, offered
from lockhouse.client.errors import TokenInvalid
from lockhouse.client.exchange import Call, Steps
from lockhouse.client.results import Introspection, Refreshed
from lockhouse.client.token_answers import read_tokens

__all__ = ["TokenCalls"]

_REFRESH: Final = "refresh_token"


class TokenCalls:
    """What one client does with tokens, as conversations for a shell to hold."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def refresh(
        self, refresh_token: str, scope: str | None, resource: Sequence[str], subject: str | None
    ) -> Steps[Refreshed]:
        """Return new tokens (RFC 6749 section 6); raise RequestRefused (``invalid_grant``) where the grant is over."""
        provider = yield from self._connection.provider()
        parameters = [("grant_type", _REFRESH), ("refresh_token", refresh_token)]
        parameters += [] if scope is None else [("scope", scope)]
        answer = yield from self._connection.post(
            provider.token, [*parameters, *(("resource", each) for each in resource)]
        )
        tokens = read_tokens(answer.told(), now=self._connection.clock.now(), refresh_token=refresh_token)
        if tokens.id_token is None:
            return Refreshed(tokens=tokens, claims=MappingProxyType({}))
        claims = yield from self._connection.verify(
            tokens.id_token, access_token=tokens.access_token, refresh_token=tokens.refresh_token, subject=subject
        )
        return Refreshed(tokens=tokens, claims=claims)

    def revoke(self, token: str) -> Steps[None]:
        """Give *token* back (RFC 7009 section 2); one that is gone already stays so."""
        provider = yield from self._connection.provider()
        endpoint = offered(provider.revocation, "revocation_endpoint", provider.issuer)
        yield from self._connection.post(endpoint, [("token", token)])

    def introspect(self, token: str) -> Steps[Introspection]:
        """Return what the provider says of *token* (RFC 7662 section 2)."""
        provider = yield from self._connection.provider()
        endpoint = offered(provider.introspection, "introspection_endpoint", provider.issuer)
        told = (yield from self._connection.post(endpoint, [("token", token)])).told()
        return Introspection(active=told.get("active") is True, claims=MappingProxyType(told))

    def userinfo(self, access_token: str, subject: str) -> Steps[Mapping[str, Any]]:
        """Return what the provider tells of *subject*; raise TokenInvalid where it tells of somebody else."""
        provider = yield from self._connection.provider()
        endpoint = offered(provider.userinfo, "userinfo_endpoint", provider.issuer)
        bearer = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        told = accepted((yield from self._connection.ask(Call(method="GET", url=endpoint, headers=bearer)))).told()
        if told.get("sub") != subject:
            raise TokenInvalid("expected claims of the person who approved, found another sub")
        return MappingProxyType(told)
