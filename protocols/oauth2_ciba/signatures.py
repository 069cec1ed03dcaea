"""Verifies what a request carries signed, before its unit: keys may live elsewhere, and signatures take their time.

Nothing is refused here. What is wrong is raised inside the unit when its turn comes, after client authentication.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.storage import Database
from protocols.oauth2 import (
    CLIENT_AUTHENTICATION_PARAMETERS,
    Clients,
    Credentials,
    Form,
    OAuthError,
    RemoteKeys,
    SigningKeys,
    profile_of,
)
from protocols.oauth2_ciba.hints import Hint, HintIssuer
from protocols.oauth2_ciba.id_token_hints import judge_id_token_hint
from protocols.oauth2_ciba.key_finding import KeySets
from protocols.oauth2_ciba.login_hint_tokens import judge_hint_token, read_hint_token
from protocols.oauth2_ciba.login_hint_tokens import refused as hint_refused
from protocols.oauth2_ciba.parameters import the_hint
from protocols.oauth2_ciba.request_objects import OWN_CLAIMS, RequestObject, check_claims, fault, read_object
from protocols.oauth2_ciba.sent_parameters import Sent, refuse_beside_object, sent_in_claims, sent_in_form
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.signed_jwts import JwtRefused, SignedJwt, read_jwt, verify_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One request, as far as it can be judged before its unit: for each part what it is, or the error that it earns.

    ``compared`` is what makes two requests under one Idempotency-Key the same.
    """

    sent: Sent | OAuthError
    request: RequestObject | None
    hint: Hint | OAuthError
    compared: Mapping[str, Any] = field(repr=False)


class Signatures:
    """Reads requests. Whatever is asked of the database here is asked for signed requests and signed hints only."""

    def __init__(
        self,
        *,
        database: Database,
        clients: Clients,
        remote: RemoteKeys,
        signing_keys: SigningKeys,
        settings: CibaSettings,
    ) -> None:
        self._database, self._clients, self._signing_keys = database, clients, signing_keys
        self._keys, self._settings = KeySets(remote=remote), settings
        self._issuers = {each.issuer: each for each in settings.hint_issuers}

    async def verify(self, form: Form, client_id: str, now: datetime) -> Verified:
        """Return the request of *client_id* in *form*, whose authentication is not judged yet."""
        text = form.get("request")
        request: RequestObject | None = None
        sent: Sent | OAuthError
        try:
            if text is None:
                sent = sent_in_form(form)
            else:
                request = await self._object(form, text, client_id, now)
                sent = sent_in_claims(request.claims)
        except OAuthError as error:
            sent = error
        compared = _in_form(form) if text is None else _in_object(text)
        hint = sent if isinstance(sent, OAuthError) else await self._hint(sent, client_id, now)
        return Verified(sent=sent, request=request, hint=hint, compared=compared)

    async def _object(self, form: Form, text: str, client_id: str, now: datetime) -> RequestObject:
        refuse_beside_object(form)
        known = await self._credentials(client_id)
        profile = profile_of(known.client, self._settings.profile) if known else None
        if known is None or profile is None:
            raise fault("cannot be used: nobody knows this client")
        signed = read_object(text, known.client, profile)
        try:
            verify_signature(signed, await self._key(signed, known, now))
        except JwtRefused as error:
            raise fault(str(error)) from error
        return check_claims(signed, client_id=client_id, issuer=self._settings.issuer, profile=profile, now=now)

    async def _hint(self, sent: Sent, client_id: str, now: datetime) -> Hint | OAuthError:
        try:
            name, value = the_hint(sent)
            if name == "login_hint":
                return Hint(names=(value,))
            if name == "id_token_hint":
                return await self._id_token_hint(value, client_id, now)
            return await self._login_hint_token(value, client_id, now)
        except OAuthError as error:
            return error

    async def _id_token_hint(self, token: str, client_id: str, now: datetime) -> Hint:
        return judge_id_token_hint(
            token,
            await self._signing_keys.register(now),
            client_id=client_id,
            issuer=self._settings.issuer,
            policy=self._settings.id_token_hint,
            now=now,
        )

    async def _login_hint_token(self, token: str, client_id: str, now: datetime) -> Hint:
        signed = read_hint_token(token)
        signer, naming = signed.claims.get("iss"), None
        listed = self._listed(signer, client_id)
        try:
            if signer == client_id:
                key = await self._key(signed, await self._credentials(client_id), now)
            elif listed is not None and signed.algorithm in listed.algorithms:
                naming = listed.naming
                key = await self._keys.key_of(signed, jwks=listed.jwks, jwks_uri=listed.jwks_uri, now=now)
            else:
                raise hint_refused("is not from an issuer, or not by an algorithm, that is known for this client")
            verify_signature(signed, key)
        except JwtRefused as error:
            raise hint_refused(str(error)) from error
        audience = self._settings.issuer
        return judge_hint_token(signed, issuer=str(signer), audience=audience, naming=naming, now=now)

    def _listed(self, signer: object, client_id: str) -> HintIssuer | None:
        listed = self._issuers.get(signer) if isinstance(signer, str) else None
        if listed is None or (listed.clients is not None and client_id not in listed.clients):
            return None
        return listed

    async def _credentials(self, client_id: str) -> Credentials | None:
        return await self._database.read(lambda unit: self._clients.find_credentials(unit, client_id))

    async def _key(self, signed: SignedJwt, known: Credentials | None, now: datetime) -> Any:
        if known is None:
            raise JwtRefused("is from a client that nobody knows")
        return await self._keys.key_of(signed, jwks=known.jwks, jwks_uri=known.jwks_uri, now=now)


def _in_form(form: Form) -> Mapping[str, Any]:
    """Return what a form asks for, as it was compared before parameters could come more than once."""
    asked = form.without(CLIENT_AUTHENTICATION_PARAMETERS)
    return {name: values if len(values) > 1 else values[0] for name, values in asked.items()}


def _in_object(text: str) -> Mapping[str, Any]:
    """Return what a request object asks for, without what is new each time that it is signed."""
    try:
        claims = read_jwt(text).claims
    except JwtRefused:
        return {"request": text}
    return {name: value for name, value in claims.items() if name not in OWN_CLAIMS}
