"""The authorization endpoint: a request is judged, stored, and its browser led to our pages and back."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine import Clock
from engine.storage import Database, Unit
from protocols.oauth2 import Client, Clients, Form, OAuthError, SigningKeys, invalid_request, person_of
from protocols.oauth2 import authorizations as records
from protocols.oauth2.authorizations import NewAuthorization, Status
from protocols.oauth2.sign_ins import SignIns
from protocols.oauth2.signing_keys import Register
from protocols.oauth2_code import pushed, requests
from protocols.oauth2_code.hints import subject_in
from protocols.oauth2_code.parameters import DPOP_JKT, AuthorizeParameters, authorize_parameters, redirect_uri_of
from protocols.oauth2_code.requests import NewCodeRequest
from protocols.oauth2_code.responses import response_address

__all__ = ["Authorize", "Names"]

FLOW = "sign_in"
_OVER: Mapping[Status, OAuthError] = {
    Status.DENIED: OAuthError("access_denied", "the request was refused"),
    Status.EXPIRED: OAuthError("access_denied", "nobody decided in time"),
    Status.FAILED: OAuthError("server_error", "the request could not be completed, start again"),
}
_WRONG_PERSON = OAuthError("login_required", "somebody else than id_token_hint says has signed in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The random names of one request, made before its unit."""

    request_id: str
    link: str = field(repr=False)

    @classmethod
    def fresh(cls) -> "Names":
        """Return new names; the one that is a key begins with the time, so that rows of one moment are neighbours."""
        prefix = f"{time.time_ns() // 1_000_000:012x}"
        return cls(request_id=prefix + secrets.token_urlsafe(18), link=secrets.token_urlsafe(32))


class Authorize:
    """Takes authorization requests, from browsers and pushed ones, and sends browsers back.

    Without *pkce* a request may come without a challenge.
    """

    def __init__(
        self,
        *,
        sign_ins: SignIns,
        clients: Clients,
        database: Database,
        clock: Clock,
        signing_keys: SigningKeys,
        pkce: bool = True,
    ) -> None:
        self._sign_ins, self._clients = sign_ins, clients
        self._database, self._clock, self._signing_keys = database, clock, signing_keys
        self._keyring, self._settings, self._pkce = sign_ins.keyring, sign_ins.settings, pkce

    async def begin(self, form: Form) -> str:
        """Return where the browser goes: to our page, or back to the client with an error.

        Raises OAuthError where there is no address of the client's that may be trusted (RFC 6749 section 4.1.2.1).
        """
        now, names = self._clock.now(), Names.fresh()
        register = await self._signing_keys.register(now)
        return await self._database.run(lambda unit: self._begin(unit, form, names, register, now=now))

    def push(self, unit: Unit, form: Form, client: Client, *, name: str, jkt: str | None = None, now: datetime) -> None:
        """Judge a pushed request as one from a browser would be, and keep it (RFC 9126 section 2.1).

        *jkt* is the key that it was proved with: the code is bound to it (RFC 9449 section 10.1).
        """
        if form.get("request_uri") is not None:
            raise invalid_request("request_uri cannot be pushed")
        redirect_uri = redirect_uri_of(form, client)
        authorize_parameters(form, client, redirect_uri=redirect_uri, scopes=self._settings.scopes, pkce=self._pkce)
        kept = form.without(frozenset({"client_secret", "client_assertion", "client_assertion_type"}))
        if jkt is not None:
            if form.get(DPOP_JKT) not in (None, jkt):
                raise invalid_request("dpop_jkt is not the key of the DPoP header")
            kept[DPOP_JKT] = (jkt,)
        pushed.push(unit, name, client.client_id, kept, keyring=self._keyring, now=now)

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> str | None:
        """Return where the browser of *execution* goes back to with the answer, once; *token* becomes its code.

        None: it is not over, it is another browser's, or it went back before.
        """
        found = records.authorization_by_link(unit, link, lock=True)
        if found is None or found.execution != execution:
            return None
        request, status = requests.by_id(unit, found.request_id, keyring=self._keyring), found.status_at(now)
        if request is None or status is Status.PENDING:
            return None
        approved = status is Status.APPROVED
        if not requests.leave(unit, found.request_id, code=token if approved else None, now=now):
            return None
        if approved:
            return self._back(request.redirect_uri, {"code": token}, request.state)
        wrong = status is Status.FAILED and found.expected_user is not None and not found.user_id
        error = _WRONG_PERSON if wrong else _OVER.get(status, _OVER[Status.FAILED])
        return self._back(request.redirect_uri, error.body(), request.state)

    def _begin(self, unit: Unit, form: Form, names: Names, register: Register, *, now: datetime) -> str:
        client = self._client(unit, form)
        form = self._pushed(unit, form, client, now)
        redirect_uri = redirect_uri_of(form, client)
        try:
            asked = authorize_parameters(
                form, client, redirect_uri=redirect_uri, scopes=self._settings.scopes, pkce=self._pkce
            )
            expected = self._expected(unit, client, asked.id_token_hint, register)
        except OAuthError as error:
            return self._back(redirect_uri, error.body(), form.get("state"))
        self._store(unit, client, asked, names, expected_user=expected, now=now)
        return f"{self._settings.issuer}/a/{names.link}"

    def _client(self, unit: Unit, form: Form) -> Client:
        if "client_id" in form.repeated:
            raise invalid_request("client_id was sent more than once")
        client = self._clients.find(unit, form.require("client_id"))
        if client is None or client.disabled:
            raise invalid_request("client_id is not known here")
        return client

    def _pushed(self, unit: Unit, form: Form, client: Client, now: datetime) -> Form:
        """Return the request that *form* names, if it names one that was pushed: nothing else of it counts."""
        name = form.get("request_uri")
        if name is None or not name.startswith(pushed.REQUEST_URI):
            return form
        found = pushed.take_pushed(unit, name, client.client_id, keyring=self._keyring, now=now)
        if found is None:
            raise invalid_request("this request_uri is unknown, was used, or has run out: push the request again")
        return Form(found)

    def _store(
        self,
        unit: Unit,
        client: Client,
        asked: AuthorizeParameters,
        names: Names,
        *,
        expected_user: str | None,
        now: datetime,
    ) -> None:
        expires_at = now + self._settings.life
        new = NewAuthorization(
            request_id=names.request_id,
            link=names.link,
            client_id=client.client_id,
            flow=FLOW,
            scopes=asked.scopes,
            resources=asked.resources,
            expires_at=expires_at,
            login_hint=asked.login_hint,
            expected_user=expected_user,
        )
        records.insert_authorization(unit, new, keyring=self._keyring, now=now)
        beside = NewCodeRequest(
            request_id=names.request_id,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            state=asked.state,
            nonce=asked.nonce,
            dpop_jkt=asked.dpop_jkt,
            expires_at=expires_at,
        )
        requests.insert_request(unit, beside, keyring=self._keyring)

    def _back(self, redirect_uri: str, members: Mapping[str, str], state: str | None) -> str:
        return response_address(redirect_uri, members, state=state, issuer=self._settings.issuer)

    def _expected(self, unit: Unit, client: Client, hint: str | None, register: Register) -> str | None:
        """Return who alone may answer: whom an ID token of ours names; None where the client names nobody."""
        if hint is None:
            return None
        issuer = self._settings.issuer
        subject = subject_in(hint, register, issuer=issuer, client_id=client.client_id)
        person = None if subject is None else person_of(unit, client, subject)
        if person is None:
            raise invalid_request("id_token_hint is no ID token of this server for this client")
        return person
