"""The protocol layer put together: the records, and what needs the engine to start flows."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from engine import Clock
from engine.storage import Database, Unit
from protocols.oauth2 import CIBA_GRANT, Form, Grant, Presented, SigningKeys
from protocols.oauth2_ciba.approval_link import Closed, Landing, Opened
from protocols.oauth2_ciba.callback import CallbackAnswer
from protocols.oauth2_ciba.cancellation import cancel
from protocols.oauth2_ciba.initiation import Asked, Flows, Initiation
from protocols.oauth2_ciba.initiations import Acknowledgement
from protocols.oauth2_ciba.records import LOGIN_END, CibaRecords
from protocols.oauth2_ciba.redemption import CibaGrant


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
        flow_digest: Callable[[str], str],
    ) -> None:
        self.records, self.settings = records, records.settings
        self.database, self.clock, self.signing_keys = database, clock, signing_keys
        self._flows, self._flow_digest = engine, flow_digest
        self._initiation = Initiation(
            keyring=records.keyring,
            accounts=records.accounts,
            clients=records.clients,
            flows=engine,
            settings=records.settings,
        )
        self._grant = CibaGrant(
            database=database,
            keyring=records.keyring,
            clients=records.clients,
            guard=records.guard,
            signing_keys=signing_keys,
            settings=records.settings,
        )

    def grants(self) -> dict[str, Grant]:
        """Return what the token endpoint is to know of CIBA."""
        return {CIBA_GRANT: self._grant}

    async def authorize(self, asked: Asked) -> Acknowledgement:
        """Take a backchannel request, in one unit."""
        now = self.clock.now()
        return await self.database.run(lambda unit: self._initiation.take(unit, asked, now=now))

    async def cancel(self, form: Form, shown: Presented) -> dict[str, str]:
        """Cancel a pending request for its client."""
        now, clients, settings = self.clock.now(), self.records.clients, self.settings
        return await self.database.run(
            lambda unit: cancel(unit, clients=clients, shown=shown, form=form, settings=settings, now=now)
        )

    async def receive(self, assertion: str) -> CallbackAnswer:
        """Judge an assertion that came over HTTP."""
        now, name = self.clock.now(), self.settings.callback_name
        return await self.database.run(lambda unit: self.records.receive(unit, name, assertion, now))

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        """Return what the link leads to, or None for a link that nobody was sent. It changes nothing."""
        return self.records.link.landing(unit, link, now)

    def open_attempt(self, unit: Unit, *, link: str, execution: str, now: datetime) -> Opened | Closed:
        """Start the login flow for the hinted person as *execution*. Afterwards cancel what ``displaced`` names."""
        settings = self.settings
        digest = self._flow_digest(settings.login_flow)
        reserved = self.records.link.reserve(unit, link=link, execution=execution, flow_digest=digest, now=now)
        if isinstance(reserved, Closed):
            return reserved
        landing, opened = reserved
        inputs: dict[str, Any] = {
            "subject": landing.subject,
            "requester": landing.requester,
            "permissions": [permission.as_input() for permission in landing.permissions],
            "callback": settings.callback_name,
            "correlation": landing.request_id,
            "expires_at": landing.expires_at,
        }
        if landing.binding_message is not None:
            inputs["binding_message"] = landing.binding_message
        self._flows.start(
            unit,
            execution=execution,
            flow=settings.login_flow,
            inputs=inputs,
            on_end=LOGIN_END,
            correlation=landing.request_id,
            now=now,
            locale=settings.locale,
        )
        return opened
