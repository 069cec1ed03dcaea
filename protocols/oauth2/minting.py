"""Tokens for something approved, built and signed in memory, with the grant that is to be stored with them."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.storage import Keyring
from protocols.oauth2.client_registration import REFRESH_GRANT
from protocols.oauth2.clients import Client
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.grants import NewGrant
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.scopes import OFFLINE
from protocols.oauth2.signing_keys import SigningKey, SigningKeys
from protocols.oauth2.token_orders import RandomTexts, token_order
from protocols.oauth2.tokens import Approval, TokenPolicy, build_tokens

__all__ = ["Mint", "Minted", "RandomNames", "SigningPair"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomNames:
    """The random texts of one set of tokens, made before the unit that stores them."""

    grant_id: str
    texts: RandomTexts

    @classmethod
    def fresh(cls) -> "RandomNames":
        """Return new ones of 144 bits and more."""
        return cls(grant_id=secrets.token_urlsafe(18), texts=RandomTexts.fresh())


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPair:
    """What signs the access token, and what signs the ID token: one key where the client wants no other algorithm."""

    access_token: SigningKey
    id_token: SigningKey

    @classmethod
    async def of(cls, keys: SigningKeys, client: Client, now: datetime) -> "SigningPair":
        """Return what signs for *client* now."""
        return cls(access_token=await keys.current(now), id_token=await keys.current(now, client.id_token_alg))


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A grant about to be stored, and the members of the token response that tell of it."""

    grant: NewGrant
    members: dict[str, Any] = field(repr=False)


class Mint:
    """Builds what is given for an approval. Nothing is stored, so nothing is lost where this fails."""

    def __init__(self, *, keyring: Keyring, policy: TokenPolicy, refresh_life: timedelta) -> None:
        self._keyring, self._policy, self._refresh_life = keyring, policy, refresh_life

    def make(
        self,
        approval: Approval,
        client: Client,
        *,
        keys: SigningPair,
        names: RandomNames,
        now: datetime,
        resources: tuple[str, ...] = (),
        auth_req_id: str | None = None,
        nonce: str | None = None,
        confirmation: Confirmation | None = None,
    ) -> Minted:
        """Return the tokens for *approval*; *resources* narrows what the access token is for.

        *confirmation* is what it is bound to.
        """
        refresh = names.texts.refresh_token if _may_refresh(client, approval.scopes) else None
        order = token_order(
            approval,
            client,
            keyring=self._keyring,
            policy=self._policy,
            key=keys.access_token,
            id_token_key=keys.id_token,
            texts=names.texts,
            now=now,
            resources=resources,
            auth_req_id=auth_req_id,
            nonce=nonce,
            refresh_token=refresh,
            confirmation=confirmation,
        )
        tokens = build_tokens(order)
        grant = NewGrant(
            grant_id=names.grant_id,
            approval=approval,
            tokens=tokens,
            refresh_hash=None if refresh is None else hash_of(refresh),
            refresh_life=self._refresh_life,
        )
        return Minted(grant=grant, members=tokens.answer())


def _may_refresh(client: Client, granted: Collection[str]) -> bool:
    """Say whether the client has the grant type, asked for it, and the person left it in."""
    return REFRESH_GRANT in client.grant_types and OFFLINE in granted
