"""Tokens for an approved request, built and signed in memory: for the poll that redeems it, and for push."""

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from engine.storage import Keyring
from protocols.oauth2 import (
    OFFLINE,
    REFRESH_GRANT,
    Approval,
    Client,
    NewGrant,
    RandomTexts,
    SigningKey,
    build_tokens,
    hash_of,
    token_order,
)
from protocols.oauth2_ciba.requests import Request
from protocols.oauth2_ciba.settings import CibaSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomNames:
    """The random texts of one set of tokens, made before the unit that stores them."""

    grant_id: str
    texts: RandomTexts

    @classmethod
    def fresh(cls) -> "RandomNames":
        """Return new ones of 144 bits and more."""
        return cls(grant_id=secrets.token_urlsafe(18), texts=RandomTexts.fresh())

    @classmethod
    def derived(cls, keyring: Keyring, request_id: str) -> "RandomNames":
        """Return those of a request whose tokens are built inside a unit, which may be run again: always the same.

        Nobody without the deployment's keys can tell them from random ones.
        """
        texts = RandomTexts(**{each.name: _derived(keyring, each.name, request_id) for each in fields(RandomTexts)})
        return cls(grant_id=_derived(keyring, "grant_id", request_id), texts=texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPair:
    """What signs the access token, and what signs the ID token: one key where the client wants no other algorithm."""

    access_token: SigningKey
    id_token: SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A grant about to be stored, and the members of the token response that tell of it."""

    grant: NewGrant
    members: dict[str, Any] = field(repr=False)


class Mint:
    """Builds what is given for an approval. Nothing is stored, so nothing is lost where this fails."""

    def __init__(self, *, keyring: Keyring, settings: CibaSettings) -> None:
        self._keyring, self._settings = keyring, settings

    def make(
        self,
        request: Request,
        client: Client,
        *,
        auth_req_id: str,
        keys: SigningPair,
        names: RandomNames,
        resources: tuple[str, ...],
        now: datetime,
    ) -> Minted:
        """Return the tokens for *request*, which is approved; *resources* narrows what the access token is for."""
        refresh = names.texts.refresh_token if _may_refresh(client, request.granted) else None
        approval = self._approval(request)
        order = token_order(
            approval,
            client,
            keyring=self._keyring,
            policy=self._settings.token_policy(),
            key=keys.access_token,
            id_token_key=keys.id_token,
            texts=names.texts,
            now=now,
            resources=resources,
            auth_req_id=auth_req_id,
            refresh_token=refresh,
        )
        tokens = build_tokens(order)
        grant = NewGrant(
            grant_id=names.grant_id,
            approval=approval,
            tokens=tokens,
            refresh_hash=None if refresh is None else hash_of(refresh),
            refresh_life=self._settings.refresh_token_life,
        )
        return Minted(grant=grant, members=tokens.answer())

    def _approval(self, request: Request) -> Approval:
        return Approval(
            user_id=request.user_id,
            client_id=request.client_id,
            scopes=request.granted,
            auth_time=request.auth_time or request.created_at,
            methods=request.methods,
            acr=self._settings.acr_of(request.methods),
            resources=request.resources,
        )


def _may_refresh(client: Client, granted: Collection[str]) -> bool:
    """Say whether the client has the grant type, asked for it, and the person left it in."""
    return REFRESH_GRANT in client.grant_types and OFFLINE in granted


def _derived(keyring: Keyring, name: str, request_id: str) -> str:
    return base64.urlsafe_b64encode(keyring.mac(f"ciba.pushed.{name}", request_id)).rstrip(b"=").decode()
