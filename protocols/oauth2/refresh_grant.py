"""``grant_type=refresh_token``: new tokens for a grant that still stands (RFC 6749 section 6)."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from engine.storage import Database, Keyring, Unit
from protocols.oauth2.client_authentication import authenticate, require_grant
from protocols.oauth2.client_registration import REFRESH_GRANT
from protocols.oauth2.clients import Client, Clients
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.grants import revoke_grant, store_access_token
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.refresh_tokens import Refreshable, find_refresh_token, rotate, successor_of
from protocols.oauth2.resources import RESOURCE, narrowed_resources
from protocols.oauth2.scopes import OPENID
from protocols.oauth2.sender_proofs import confirm
from protocols.oauth2.signing_keys import SigningKeys
from protocols.oauth2.subjects import Subject
from protocols.oauth2.token_orders import RandomTexts, token_order
from protocols.oauth2.token_requests import TokenRequest
from protocols.oauth2.tokens import Approval, TokenPolicy, TokenSet, build_tokens
from protocols.oauth2.userinfo import Guard

__all__ = ["RefreshGrant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Who may have new tokens for what, and what these are bound to."""

    client: Client
    found: Refreshable
    confirmation: Confirmation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """Tokens that were built, and the refresh token that was used for them."""

    tokens: TokenSet
    used: bytes = field(repr=False)


class RefreshGrant:
    """Answers refresh requests. The guard is asked each time, and its no ends the grant.

    What the new access token is bound to, this request says: the refresh token itself is its client's, whatever key
    that has by now (RFC 9449 section 5, RFC 8705 section 4).
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        clients: Clients,
        guard: Guard,
        signing_keys: SigningKeys,
        policy: TokenPolicy,
    ) -> None:
        self._database, self._keyring, self._clients = database, keyring, clients
        self._guard, self._signing_keys, self._policy = guard, signing_keys, policy

    async def answer(self, asked: TokenRequest) -> bytes:
        """Return the token response; raise OAuthError for every other answer."""
        token_hash = hash_of(asked.form.get("refresh_token") or "")
        judged = await self._database.run(lambda unit: self._judge(unit, asked, token_hash))
        if isinstance(judged, OAuthError):
            raise judged
        prepared = await self._prepare(asked, judged)
        if not await self._database.run(lambda unit: self._commit(unit, prepared, asked.now)):
            raise _gone()
        return json.dumps(prepared.tokens.answer()).encode()

    def _judge(self, unit: Unit, asked: TokenRequest, token_hash: bytes) -> _Judged | OAuthError:
        """Authenticate and look. A refusal that takes the grant back is returned and not raised: it is to be stored."""
        client = authenticate(unit, self._clients, asked.shown)
        require_grant(client, REFRESH_GRANT)
        asked.form.require("refresh_token")
        found = find_refresh_token(unit, token_hash)
        if found is None or found.client_id != client.client_id:
            raise _gone()
        confirmation = confirm(unit, client, asked.sender)
        if found.reused and not found.revoked:
            revoke_grant(unit, found.grant_id, reason="refresh token used twice", now=asked.now)
            return _gone()
        if not found.stands(asked.now):
            raise _gone()
        if not self._still_allowed(unit, found, asked.now):
            return _gone()
        return _Judged(client=client, found=found, confirmation=confirmation)

    def _still_allowed(self, unit: Unit, found: Refreshable, now: datetime) -> bool:
        """Ask the guard; its no takes the whole grant back."""
        allowed = self._guard.allows(unit, subject=found.user_id, client_id=found.client_id)
        if not allowed:
            revoke_grant(unit, found.grant_id, reason="account", now=now)
        return allowed

    async def _prepare(self, asked: TokenRequest, judged: _Judged) -> _Prepared:
        client, found = judged.client, judged.found
        approval = Approval(
            user_id=found.user_id,
            client_id=found.client_id,
            scopes=_narrowed(asked.form.get("scope"), found.scopes),
            auth_time=found.auth_time,
            methods=found.methods,
            acr=found.acr,
            resources=found.resources,
        )
        used, asked_for = asked.form.require("refresh_token"), asked.form.every(RESOURCE)
        order = token_order(
            approval,
            client,
            keyring=self._keyring,
            policy=self._policy,
            key=await self._signing_keys.current(asked.now),
            id_token_key=await self._signing_keys.current(asked.now, client.id_token_alg),
            texts=RandomTexts.fresh(),
            now=asked.now,
            resources=narrowed_resources(asked_for, granted=found.resources, default=self._policy.audience),
            subject=Subject(found.user_id, found.subject or found.user_id),
            refresh_token=successor_of(self._keyring, used) if client.rotates_refresh else None,
            confirmation=judged.confirmation,
        )
        return _Prepared(tokens=build_tokens(order), used=found.token_hash)

    def _commit(self, unit: Unit, prepared: _Prepared, now: datetime) -> bool:
        """Store what was built, if token, person and client still stand: any may have been taken back meanwhile."""
        found = find_refresh_token(unit, prepared.used)
        if found is None or not found.stands(now) or not self._still_allowed(unit, found, now):
            return False
        successor = prepared.tokens.refresh_token
        rotate(unit, found, None if successor is None else hash_of(successor), now=now)
        store_access_token(unit, prepared.tokens, found.grant_id)
        return True


def _narrowed(text: str | None, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scopes asked for, none of them new (RFC 6749 section 6); all where none are named."""
    if text is None:
        return granted
    asked = frozenset(text.split())
    if not asked <= set(granted) or OPENID not in asked:
        raise OAuthError("invalid_scope", "ask for openid and for scopes of the grant only")
    return tuple(name for name in granted if name in asked)


def _gone() -> OAuthError:
    return OAuthError("invalid_grant", "this refresh token is not valid: ask the person again")
