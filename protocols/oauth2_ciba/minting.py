"""Tokens for an approved request, built and signed in memory: for the poll that redeems it, and for push."""

import base64
from dataclasses import fields
from datetime import datetime

from engine.storage import Keyring
from protocols.oauth2 import Approval, Client, RandomTexts
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.minting import Mint, Minted, RandomNames, SigningPair
from protocols.oauth2_ciba.requests import Request
from protocols.oauth2_ciba.settings import CibaSettings

__all__ = ["RequestMint", "derived_names"]


class RequestMint:
    """Builds what is given for a request that is approved. Nothing is stored, so nothing is lost where this fails."""

    def __init__(self, *, keyring: Keyring, settings: CibaSettings) -> None:
        self._settings = settings
        self._mint = Mint(keyring=keyring, policy=settings.token_policy(), refresh_life=settings.refresh_token_life)

    def make(
        self,
        request: Request,
        client: Client,
        *,
        auth_req_id: str,
        keys: SigningPair,
        names: RandomNames,
        resources: tuple[str, ...],
        confirmation: Confirmation | None,
        now: datetime,
    ) -> Minted:
        """Return the tokens for *request*; *resources* narrows what the access token is for.

        *confirmation* is what it is bound to.
        """
        approval = Approval(
            user_id=request.user_id,
            client_id=request.client_id,
            scopes=request.granted,
            auth_time=request.auth_time or request.created_at,
            methods=request.methods,
            acr=self._settings.acr_of(request.methods, request.acr_values),
            resources=request.resources,
        )
        return self._mint.make(
            approval,
            client,
            keys=keys,
            names=names,
            now=now,
            resources=resources,
            auth_req_id=auth_req_id,
            confirmation=confirmation,
        )


def derived_names(keyring: Keyring, request_id: str) -> RandomNames:
    """Return the random texts of a request whose tokens are built inside a unit, which may be run again: the same.

    Nobody without the deployment's keys can tell them from random ones.
    """
    texts = RandomTexts(**{each.name: _derived(keyring, each.name, request_id) for each in fields(RandomTexts)})
    return RandomNames(grant_id=_derived(keyring, "grant_id", request_id), texts=texts)


def _derived(keyring: Keyring, name: str, request_id: str) -> str:
    return base64.urlsafe_b64encode(keyring.mac(f"ciba.pushed.{name}", request_id)).rstrip(b"=").decode()
