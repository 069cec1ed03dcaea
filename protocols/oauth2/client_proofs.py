"""What a client showed, checked as far as it can be outside of a unit: signatures, and keys that live elsewhere."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.storage import Database
from protocols.oauth2.client_assertions import ClientAssertion, verify_assertion
from protocols.oauth2.client_authentication import Presented, presented
from protocols.oauth2.clients import Clients, Credentials
from protocols.oauth2.errors import OAuthError, invalid_client
from protocols.oauth2.forms import Form
from protocols.oauth2.key_sets import KeySet, parse_key_set
from protocols.oauth2.metadata import Endpoints
from protocols.oauth2.profiles import profile_named, profile_of
from protocols.oauth2.remote_keys import KeysNotThere, RemoteKeys

__all__ = ["ClientProofs"]


class ClientProofs:
    """Reads and verifies what requests carry to prove their client; ``authenticate`` has the last word, in a unit.

    *profile* is the deployment's: what it does not allow is refused, whatever a client is registered with.
    """

    def __init__(
        self, *, issuer: str, database: Database, clients: Clients, remote: RemoteKeys, profile: str = "core"
    ) -> None:
        self._issuer, self._at, self._profile = issuer, Endpoints(issuer).at, profile
        self._database, self._clients, self._remote = database, clients, remote
        # Public client libraries name the issuer, the endpoint that they call, or the token endpoint everywhere.
        self._audiences = frozenset({issuer, self._at("/oauth2/token"), self._at("/oauth2/bc-authorize")})

    async def read(self, form: Form, authorization: Sequence[str], *, path: str, now: datetime) -> Presented:
        """Return the one proof of a request to *path*, a signature in it verified; raise what `presented` raises."""
        shown = presented(form, authorization, issuer=self._issuer)
        if shown.method not in profile_named(self._profile).auth_methods:
            # A client from before the deployment took up its profile: what it is registered with counts no more.
            hint = f"profile {self._profile} does not allow {shown.method}"
            raise invalid_client(hint=hint, challenge=shown.challenge)
        if shown.assertion is None:
            return shown
        return await self._verified(shown, shown.assertion, path=path, now=now)

    async def _verified(self, shown: Presented, assertion: ClientAssertion, *, path: str, now: datetime) -> Presented:
        known = await self._database.read(lambda unit: self._clients.find_credentials(unit, shown.client_id))
        if known is None or known.client.auth_method != assertion.method:
            raise invalid_client(hint="unknown client, or not the method that is registered for it")
        if known.auth_alg not in (None, assertion.algorithm):
            raise invalid_client(hint="not the algorithm that is registered for this client")
        rules = profile_of(known.client, self._profile)
        if assertion.method == "private_key_jwt" and assertion.algorithm not in rules.signing_algs:
            raise invalid_client(hint=f"not an algorithm that profile {rules.name} allows")
        verified = verify_assertion(
            assertion,
            await self._key(known, assertion, now),
            audiences=self._audiences | {self._at(path)},
            registration=known.registration,
            now=now,
        )
        return replace(shown, verified=verified, attempt=secrets.token_bytes(16))

    async def _key(self, known: Credentials, assertion: ClientAssertion, now: datetime) -> Any:
        secret = self._clients.secret_of(known)
        if secret is not None:
            return secret
        keys = await self._keys(known, assertion, now)
        key = keys.find(assertion.kid, assertion.algorithm)
        if key is None:
            raise invalid_client(hint="no key of the client has this kid and fits this algorithm")
        return key.load(assertion.algorithm)

    async def _keys(self, known: Credentials, assertion: ClientAssertion, now: datetime) -> KeySet:
        if known.jwks is not None:
            return parse_key_set(known.jwks)
        url = known.jwks_uri or ""
        try:
            return await self._remote.find(url, kid=assertion.kid, algorithm=assertion.algorithm, now=now)
        except KeysNotThere as error:
            raise OAuthError(
                "temporarily_unavailable",
                "the keys behind your jwks_uri cannot be fetched: try again",
                headers={"Retry-After": "5"},
            ) from error
