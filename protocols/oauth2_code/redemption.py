"""``grant_type=authorization_code``: a code becomes tokens once (OpenID Connect Core section 3.1.3, RFC 7636)."""

import json
from dataclasses import dataclass

from engine.storage import Database, Keyring, Unit
from protocols.oauth2 import (
    Client,
    Clients,
    OAuthError,
    TokenRequest,
    authenticate,
    authorizations,
    require_grant,
    revoke_grant,
)
from protocols.oauth2.authorization_tokens import AuthorizationTokens
from protocols.oauth2.authorizations import Authorization, Status
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.sender_proofs import confirm
from protocols.oauth2_code.parameters import CODE_GRANT
from protocols.oauth2_code.requests import CODE_LIFE, CodeRequest, by_code

__all__ = ["CodeGrant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approved:
    """A code that may become tokens."""

    client: Client
    request: CodeRequest
    found: Authorization
    confirmation: Confirmation | None


class CodeGrant:
    """Answers token requests with a code. A code that comes a second time ends what the first one was given."""

    def __init__(self, *, database: Database, keyring: Keyring, clients: Clients, tokens: AuthorizationTokens) -> None:
        self._database, self._keyring = database, keyring
        self._clients, self._tokens = clients, tokens

    async def answer(self, asked: TokenRequest) -> bytes:
        """Return the token response; raise OAuthError for every other answer."""
        judged = await self._database.run(lambda unit: self._judge(unit, asked))
        if isinstance(judged, OAuthError):
            raise judged
        given = await self._tokens.give(
            judged.found,
            judged.client,
            asked,
            confirmation=judged.confirmation,
            nonce=judged.request.nonce,
        )
        if isinstance(given, Status):
            raise _gone()
        return json.dumps(given.members).encode()

    def _judge(self, unit: Unit, asked: TokenRequest) -> _Approved | OAuthError:
        """Authenticate and look. A refusal that takes tokens back is returned and not raised: it is to be stored."""
        client = authenticate(unit, self._clients, asked.shown)
        require_grant(client, CODE_GRANT)
        form = asked.form
        code, redirect_uri, verifier = form.require("code"), form.require("redirect_uri"), form.get("code_verifier")
        request = by_code(unit, code, keyring=self._keyring)
        found = None if request is None else authorizations.authorization_by_id(unit, request.request_id, lock=True)
        if request is None or found is None or found.client_id != client.client_id:
            raise _gone()
        if request.challenge is not None:
            form.require("code_verifier")
        confirmation = confirm(unit, client, asked.sender)
        if found.status is Status.REDEEMED:
            revoke_grant(unit, found.grant_id or "", reason="code used twice", now=asked.now)
            return _gone()
        in_time = request.left_at is not None and asked.now < request.left_at + CODE_LIFE
        if not (in_time and request.proves(verifier) and redirect_uri == request.redirect_uri):
            raise _gone()
        if not request.admits(confirmation):
            raise OAuthError("invalid_grant", "this code was asked for with another key: prove that one")
        return _Approved(client=client, request=request, found=found, confirmation=confirmation)


def _gone() -> OAuthError:
    return OAuthError("invalid_grant", "this code is not valid: send the person to sign in again")
