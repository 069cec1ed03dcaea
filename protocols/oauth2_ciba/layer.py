"""The protocol layer put together: the records, and what needs the engine to start flows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine import Clock
from engine.storage import Database, Unit
from protocols.oauth2 import (
    CIBA_GRANT,
    REFRESH_GRANT,
    ClientProofs,
    Closed,
    Form,
    Grant,
    Landing,
    OAuthError,
    Opened,
    Presented,
    RefreshGrant,
    RemoteKeys,
    SigningKeys,
)
from protocols.oauth2.assertions import CallbackAnswer
from protocols.oauth2.confirmations import Sender
from protocols.oauth2.metadata import Endpoints
from protocols.oauth2.sender_proofs import SenderProofs, shared_nonces
from protocols.oauth2_ciba.authorization import Authorization
from protocols.oauth2_ciba.cancellation import cancel
from protocols.oauth2_ciba.composition import Composer, Flows, decision_inputs
from protocols.oauth2_ciba.initiation import Initiation
from protocols.oauth2_ciba.initiations import Acknowledgement
from protocols.oauth2_ciba.records import CibaRecords
from protocols.oauth2_ciba.redemption import CibaGrant
from protocols.oauth2_ciba.requests import Request, by_link
from protocols.oauth2_ciba.signatures import Signatures
from protocols.oauth2_ciba.status import status


class Ciba:
    """Client-Initiated Backchannel Authentication, for the endpoints and for the gate."""

    def __init__(
        self,
        *,
        records: CibaRecords,
        engine: Flows,
        database: Database,
        clock: Clock,
        signing_keys: SigningKeys,
        remote_keys: RemoteKeys,
        flow_digest: Callable[[str], str],
    ) -> None:
        self.records, self.settings = records, records.settings
        self.database, self.clock, self.signing_keys = database, clock, signing_keys
        self.remote_keys = remote_keys
        self.proofs = ClientProofs(
            issuer=records.settings.issuer,
            database=database,
            clients=records.clients,
            remote=remote_keys,
            profile=records.settings.profile,
            mutual_tls=records.settings.mutual_tls,
        )
        self.senders = _sender_proofs(records)
        self._composer = Composer(flows=engine, settings=records.settings, flow_digest=flow_digest)
        self._authorization = Authorization(
            database=database,
            signatures=Signatures(
                database=database,
                clients=records.clients,
                remote=remote_keys,
                signing_keys=signing_keys,
                settings=records.settings,
            ),
            initiation=Initiation(
                keyring=records.keyring,
                accounts=records.accounts,
                clients=records.clients,
                user_codes=records.user_codes,
                composer=self._composer,
                settings=records.settings,
            ),
            user_codes=records.user_codes,
        )
        self._grant = CibaGrant(
            database=database,
            keyring=records.keyring,
            clients=records.clients,
            guard=records.guard,
            signing_keys=signing_keys,
            waiters=records.waiters,
            clock=clock,
            settings=records.settings,
        )

        self._refresh = RefreshGrant(
            database=database,
            keyring=records.keyring,
            clients=records.clients,
            guard=records.token_guard,
            signing_keys=signing_keys,
            policy=records.settings.token_policy(),
        )

    def grants(self) -> dict[str, Grant]:
        """Return what the token endpoint is to know of CIBA."""
        return {CIBA_GRANT: self._grant, REFRESH_GRANT: self._refresh}

    def stop_waiting(self) -> None:
        """Answer everybody who waits for news at once, now and from now on: the process is to end."""
        self.records.waiters.stop()

    async def authorize(self, form: Form, shown: Presented, sender: Sender, keys: tuple[str, ...]) -> Acknowledgement:
        """Take a backchannel request. *keys* are the Idempotency-Keys that came with it."""
        return await self._authorization.answer(form, shown, sender, keys, now=self.clock.now())

    async def cancel(self, form: Form, shown: Presented) -> dict[str, str]:
        """Cancel a pending request for its client."""
        now, clients, settings = self.clock.now(), self.records.clients, self.settings
        return await self.database.run(
            lambda unit: cancel(unit, clients=clients, shown=shown, form=form, settings=settings, now=now)
        )

    async def status(self, form: Form, shown: Presented) -> Mapping[str, Any]:
        """Tell a client how its request stands."""
        now, clients = self.clock.now(), self.records.clients
        told = await self.database.run(lambda unit: status(unit, clients=clients, shown=shown, form=form, now=now))
        if isinstance(told, OAuthError):
            raise told
        return told

    async def receive(self, assertion: str) -> CallbackAnswer:
        """Judge an assertion that came over HTTP."""
        now, name = self.clock.now(), self.settings.callback_name
        return await self.database.run(lambda unit: self.records.receive(unit, name, assertion, now))

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        """Return what the link leads to, or None for a link that nobody was sent. It changes nothing."""
        return self.records.link.landing(unit, link, now)

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> None:
        """Stay: who was asked on another device has nowhere to go back to."""

    def open_attempt(self, unit: Unit, *, link: str, execution: str, now: datetime) -> Opened | Closed:
        """Have the hinted person asked to sign in, as *execution*. Afterwards cancel what ``displaced`` names.

        Where the request is one journey that waits for somebody, that is the attempt, and ``execution`` of the
        answer names it. Whoever comes after that, or before the message was delivered, gets an attempt of their own.
        """
        request = by_link(unit, link)
        if request is not None and (joined := self._join(unit, request, link, now)) is not None:
            return joined
        digest = self._composer.login_digest
        reserved = self.records.link.reserve(unit, link=link, execution=execution, flow_digest=digest, now=now)
        if isinstance(reserved, Closed):
            return reserved
        landing, opened = reserved
        decision = decision_inputs(
            subject=landing.subject,
            requester=landing.requester,
            binding_message=landing.binding_message,
            permissions=landing.permissions,
            callback=self.settings.callback_name,
            request_id=landing.request_id,
            expires_at=landing.expires_at,
        )
        self._composer.log_in(unit, execution=execution, decision=decision, now=now)
        return opened

    def _join(self, unit: Unit, request: Request, link: str, now: datetime) -> Opened | Closed | None:
        """Make the request's own journey the attempt, if it waits for somebody; executions are locked first."""
        if request.flow_digest is None or request.login_execution_id is not None:
            return None
        try:
            with unit.savepoint():
                return self._engage(unit, request, link, request.flow_digest, now)
        except _NotOpen as refused:
            return refused.closed

    def _engage(self, unit: Unit, request: Request, link: str, digest: str, now: datetime) -> Opened | None:
        journey = request.flow_execution_id
        if not self._composer.engage(unit, request, now=now):
            return None
        reserved = self.records.link.reserve(unit, link=link, execution=journey, flow_digest=digest, now=now)
        if isinstance(reserved, Closed):
            raise _NotOpen(reserved)
        return replace(reserved[1], execution=journey)


def _sender_proofs(records: CibaRecords) -> SenderProofs:
    settings = records.settings
    at, alias = Endpoints(settings.issuer).at, settings.mutual_tls.alias
    return SenderProofs(
        addresses_of=lambda path: (at(path), alias(path) or at(path)),
        nonces=shared_nonces(records.keyring) if settings.dpop_nonces else None,
        profile=settings.profile,
    )


class _NotOpen(Exception):
    """The journey was engaged for a request that takes no attempt: it goes back to where it was."""

    def __init__(self, closed: Closed) -> None:
        self.closed = closed
        super().__init__(closed.status)
