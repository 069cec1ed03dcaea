"""Access tokens that are asked about at the issuer (RFC 7662): opaque ones too, and none that was taken back."""

import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from lockhouse.client.errors import CibaClientError
from lockhouse.client.results import Introspection
from lockhouse.resource.access_token import AccessToken, check_claims, refusal
from lockhouse.resource.errors import CannotJudge

__all__ = ["IntrospectedTokens", "Introspector"]

_log = logging.getLogger(__name__)


class Introspector(Protocol):
    """Asks the issuer about a token, as the client that the API is registered as: `AsyncCibaClient` does."""

    async def introspect(self, token: str) -> Introspection:
        """Return what the issuer says of *token*; raise CibaClientError where it does not answer, or refuses."""
        ...


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of one token, and until when it is believed."""

    known: Introspection
    until: datetime


class IntrospectedTokens:
    """Asks *client* about each token that *issuer* made for *audience*, and believes an answer *fresh_for* so long.

    So long a token may stay good after it was taken back; ``timedelta(0)`` asks each time. At most *most* answers are
    remembered, under hashes of their tokens; the one that was longest not used goes first.
    """

    def __init__(
        self,
        client: Introspector,
        issuer: str,
        *,
        audience: str,
        fresh_for: timedelta = timedelta(seconds=10),
        most: int = 10_000,
    ) -> None:
        self._client, self._issuer, self._audience = client, issuer, audience
        self._fresh_for, self._most = fresh_for, most
        self._told: OrderedDict[bytes, _Told] = OrderedDict()

    async def read(self, token: str, *, now: datetime) -> AccessToken:
        """Return what is told of *token*; raise ``invalid_token``, or CannotJudge where nothing is told."""
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        told = self._told.get(name)
        if told is None or not told.until - self._fresh_for <= now < told.until:
            told = _Told(await self._ask(token), now + self._fresh_for)
            self._told[name] = told
        self._told.move_to_end(name)
        while len(self._told) > self._most:
            self._told.popitem(last=False)
        if not told.known.active:
            raise refusal("the issuer says that the token is not active")
        return check_claims(told.known.claims, issuer=self._issuer, audience=self._audience, now=now)

    async def _ask(self, token: str) -> Introspection:
        try:
            return await self._client.introspect(token)
        except CibaClientError as error:
            _log.warning("introspection_failed", extra={"cause": error.code})
            refused = getattr(error, "status", None) in {400, 401, 403}
            code = "introspection_refused" if refused else "issuer_unreachable"
            raise CannotJudge(code, "the issuer cannot be asked about the token now") from error
