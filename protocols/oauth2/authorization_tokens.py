"""Tokens for an authorization that somebody has approved: the same for every grant that asks in a browser."""

from collections.abc import Callable
from datetime import datetime

from engine.storage import Database, Unit
from protocols.oauth2 import authorizations
from protocols.oauth2.authorizations import Authorization, Status
from protocols.oauth2.clients import Client
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.grants import store_grant
from protocols.oauth2.minting import Mint, Minted, RandomNames, SigningPair
from protocols.oauth2.resources import RESOURCE, narrowed_resources
from protocols.oauth2.signing_keys import SigningKeys
from protocols.oauth2.token_requests import TokenRequest
from protocols.oauth2.tokens import TokenPolicy
from protocols.oauth2.userinfo import Guard

__all__ = ["AuthorizationTokens"]


class AuthorizationTokens:
    """Builds tokens in memory, and stores their grant as it uses the authorization up: once, or not at all."""

    def __init__(
        self,
        *,
        database: Database,
        guard: Guard,
        signing_keys: SigningKeys,
        policy: TokenPolicy,
        mint: Mint,
        acr_of: Callable[[tuple[str, ...]], str | None],
    ) -> None:
        self._database, self._guard, self._signing_keys = database, guard, signing_keys
        self._policy, self._mint, self._acr_of = policy, mint, acr_of

    async def give(
        self,
        found: Authorization,
        client: Client,
        asked: TokenRequest,
        *,
        confirmation: Confirmation | None = None,
        nonce: str | None = None,
    ) -> Minted | Status:
        """Return the tokens that stand now, or the status that stands against them: denied, or redeemed already.

        *confirmation* is what the access token is bound to, *nonce* the client's, for the ID token.
        Raises ``invalid_target`` for a resource that was not approved.
        """
        default = self._policy.audience
        minted = self._mint.make(
            found.approval(acr=self._acr_of(found.methods)),
            client,
            keys=await SigningPair.of(self._signing_keys, client, asked.now),
            names=RandomNames.fresh(),
            now=asked.now,
            resources=narrowed_resources(asked.form.every(RESOURCE), granted=found.resources, default=default),
            nonce=nonce,
            confirmation=confirmation,
        )
        against = await self._database.run(lambda unit: self._commit(unit, found, minted, asked.now))
        return minted if against is None else against

    def _commit(self, unit: Unit, found: Authorization, minted: Minted, now: datetime) -> Status | None:
        """Ask the guard, use the authorization up, and store the grant: together, or return what stands against it."""
        if not self._guard.allows(unit, subject=found.user_id, client_id=found.client_id):
            authorizations.close(unit, found.request_id, Status.DENIED, leaving=Status.APPROVED)
            return Status.DENIED
        if not authorizations.use(unit, found.request_id, grant_id=minted.grant.grant_id):
            return Status.REDEEMED
        store_grant(unit, minted.grant, now=now)
        return None
