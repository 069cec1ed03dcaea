"""What a client showed, checked as far as it can be outside of a unit: signatures, certificates, keys elsewhere."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.storage import Database
from protocols.oauth2.certificate_checks import chain_fault, validity_fault
from protocols.oauth2.client_assertions import ClientAssertion, verify_assertion
from protocols.oauth2.client_authentication import Presented, presented
from protocols.oauth2.client_certificates import MALFORMED, ClientCertificate
from protocols.oauth2.client_registration import TLS_CLIENT_AUTH, TLS_METHODS
from protocols.oauth2.clients import Clients, Credentials
from protocols.oauth2.errors import OAuthError, invalid_client
from protocols.oauth2.forms import Form
from protocols.oauth2.key_sets import KeySet, parse_key_set
from protocols.oauth2.metadata import Endpoints
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2.profiles import profile_named, profile_of
from protocols.oauth2.remote_keys import KeysNotThere, RemoteKeys

__all__ = ["ClientProofs"]


class ClientProofs:
    """Reads and verifies what requests carry to prove their client; ``authenticate`` has the last word, in a unit.

    *profile* is the deployment's: what it does not allow is refused, whatever a client is registered with.
    *mutual_tls* says which authorities vouch for certificates, and at which other address clients may show theirs.
    """

    def __init__(
        self,
        *,
        issuer: str,
        database: Database,
        clients: Clients,
        remote: RemoteKeys,
        profile: str = "core",
        mutual_tls: MutualTls = MutualTls(),  # noqa: B008 - a frozen value
    ) -> None:
        self._issuer, self._at, self._profile = issuer, Endpoints(issuer).at, profile
        self._database, self._clients, self._remote = database, clients, remote
        self._mutual_tls = mutual_tls
        # Public client libraries name the issuer, the endpoint that they call, or the token endpoint everywhere.
        self._audiences = {issuer} | self._names("/oauth2/token") | self._names("/oauth2/bc-authorize")

    async def read(
        self,
        form: Form,
        authorization: Sequence[str],
        *,
        path: str,
        now: datetime,
        certificate: ClientCertificate | None = None,
    ) -> Presented:
        """Return the one proof of a request to *path*, a signature or a *certificate* in it verified.

        Raises what `presented` raises.
        """
        shown = presented(form, authorization, issuer=self._issuer, certificate=certificate)
        if shown.method not in profile_named(self._profile).auth_methods:
            # A client from before the deployment took up its profile: what it is registered with counts no more.
            hint = f"profile {self._profile} does not allow {shown.method}"
            raise invalid_client(hint=hint, challenge=shown.challenge)
        if shown.method in TLS_METHODS and shown.certificate is not None:
            return await self._certified(shown, shown.certificate, now)
        if shown.assertion is None:
            return shown
        return await self._verified(shown, shown.assertion, path=path, now=now)

    def _names(self, path: str) -> set[str]:
        """Return the addresses of *path*: the issuer's, and that for clients with certificates."""
        return {self._at(path), self._mutual_tls.alias(path) or self._at(path)}

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
            audiences=frozenset(self._audiences | self._names(path)),
            registration=known.registration,
            now=now,
        )
        return replace(shown, verified=verified, attempt=secrets.token_bytes(16))

    async def _certified(self, shown: Presented, certificate: ClientCertificate, now: datetime) -> Presented:
        """Judge the certificate as the client is registered (RFC 8705 sections 2.1 and 2.2)."""
        known = await self._database.read(lambda unit: self._clients.find_credentials(unit, shown.client_id))
        if known is None or known.client.auth_method not in TLS_METHODS:
            raise invalid_client(hint="unknown client, or not the method that is registered for it")
        try:
            fault = validity_fault(certificate.parsed(), now=now) or await self._fault(known, certificate, now)
        except MALFORMED:
            fault = "the certificate cannot be read"
        if fault is not None:
            raise invalid_client(hint=fault)
        return replace(shown, method=known.client.auth_method, certified=known.registration)

    async def _fault(self, known: Credentials, certificate: ClientCertificate, now: datetime) -> str | None:
        if known.client.auth_method == TLS_CLIENT_AUTH:
            if known.tls_subject is None or not known.tls_subject.names(certificate.parsed()):
                return "the certificate does not carry the name that is registered for this client"
            return chain_fault(certificate, self._mutual_tls.anchors, now=now)
        if known.jwks is not None:
            keys = parse_key_set(known.jwks)
        else:
            keys = await self._fetched(known, lambda found: certificate.der in found.certificates, now)
        return None if certificate.der in keys.certificates else "not a certificate that the client has registered"

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
        kid, algorithm = assertion.kid, assertion.algorithm
        return await self._fetched(known, lambda found: found.find(kid, algorithm) is not None, now)

    async def _fetched(self, known: Credentials, holds: Callable[[KeySet], bool], now: datetime) -> KeySet:
        try:
            return await self._remote.find_with(known.jwks_uri or "", holds, now=now)
        except KeysNotThere as error:
            raise OAuthError(
                "temporarily_unavailable",
                "the keys behind your jwks_uri cannot be fetched: try again",
                headers={"Retry-After": "5"},
            ) from error
