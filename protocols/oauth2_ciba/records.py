"""Everything of CIBA that needs no engine: what executors and the engine's ends are wired to, before there is one."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from engine import Ended
from engine.storage import Keyring, OnSettled, Settled, Unit
from protocols.oauth2 import Accounts, AssertionKey, Clients, SigningKeys
from protocols.oauth2.assertions import CallbackAnswer
from protocols.oauth2.client_registration import INTERACTIVE_GRANTS
from protocols.oauth2_ciba import approval_link, guard
from protocols.oauth2_ciba.approval_link import ApprovalLink
from protocols.oauth2_ciba.callback import Callback
from protocols.oauth2_ciba.cancellation import revoke
from protocols.oauth2_ciba.composition import JOURNEY_END, LOGIN_END, NOTIFICATION_END
from protocols.oauth2_ciba.decoys import Dispatch
from protocols.oauth2_ciba.deliveries import PING_SENDER, PUSH_SENDER, Deliveries
from protocols.oauth2_ciba.ends import Ends
from protocols.oauth2_ciba.guard import AccountGuard
from protocols.oauth2_ciba.requests import by_id
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.sweep import sweep
from protocols.oauth2_ciba.told import may_tell, settled
from protocols.oauth2_ciba.transitions import Transitions
from protocols.oauth2_ciba.user_codes import NoUserCodes, UserCodes
from protocols.oauth2_ciba.waiting import Waiters


class CibaRecords:
    """The request records and what moves them. Every method is synchronous and runs inside the caller's unit."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        accounts: Accounts,
        clients: Clients,
        assertion_key: AssertionKey,
        signing_keys: SigningKeys,
        settings: CibaSettings,
        user_codes: UserCodes | None = None,
    ) -> None:
        self.keyring, self.accounts, self.clients, self.settings = keyring, accounts, clients, settings
        self.user_codes: UserCodes = user_codes or NoUserCodes()
        self.guard = AccountGuard(accounts=accounts, clients=clients)
        # What is asked of a token does not depend on the grant that it came from.
        self.token_guard = AccountGuard(accounts=accounts, clients=clients, grant_types=INTERACTIVE_GRANTS)
        self.link = ApprovalLink(keyring=keyring, clients=clients, guard=self.guard, settings=settings)
        self.waiters = Waiters(settings.long_polls)
        deliveries = Deliveries(keyring=keyring, clients=clients, signing_keys=signing_keys, settings=settings)
        self.transitions = Transitions(deliveries=deliveries, waiters=self.waiters)
        self._callback = Callback(
            keyring=keyring,
            guard=self.guard,
            assertion_key=assertion_key,
            transitions=self.transitions,
            settings=settings,
        )
        self._ends = Ends(transitions=self.transitions, settings=settings)

    def ends(self) -> Mapping[str, Callable[[Unit, Ended], None]]:
        """Return the end-subscribers by the names that executions are started with."""
        return MappingProxyType(
            {
                NOTIFICATION_END: self._ends.notification,
                LOGIN_END: self._ends.login,
                JOURNEY_END: self._ends.journey,
            }
        )

    def settlements(self) -> Mapping[str, OnSettled]:
        """Return who is told what came of a message, by the senders of pings and pushes."""
        return MappingProxyType({PING_SENDER: self._settled, PUSH_SENDER: self._settled})

    def _settled(self, unit: Unit, message: Settled) -> None:
        settled(unit, message, keep_final=self.settings.keep_final)

    def may_tell(self, unit: Unit, request_id: str, status: str) -> bool:
        """Ask once more before a client is told: False where the request has moved on, or the guard says no."""
        return may_tell(unit, request_id, status, guard=self.guard)

    def receive(self, unit: Unit, name: str, assertion: str, now: datetime) -> CallbackAnswer:
        """Judge an assertion that was posted to the callback *name*."""
        return self._callback.receive(unit, name, assertion, now)

    def claim(self, unit: Unit, *, execution: str, correlation: str, subject: str, now: datetime) -> bool:
        """Give the request to the attempt whose credential was right first; False where it is not to be had."""
        return approval_link.claim(unit, execution=execution, correlation=correlation, subject=subject, now=now)

    def dispatch(self, unit: Unit, correlation: str) -> Dispatch:
        """Say what is to become of a message that is about to leave: the guard is asked once more."""
        request = by_id(unit, correlation)
        if request is None or request.status is not State.PENDING:
            return Dispatch.DROP
        if request.decoy:
            return Dispatch.DISCARD
        allowed = self.guard.allows(unit, subject=request.user_id, client_id=request.client_id)
        return Dispatch.SEND if allowed else Dispatch.DROP

    def revoke(self, unit: Unit, *, request_id: str, now: datetime, reason: str = "operator") -> bool:
        """End a request for operator or person: pending → cancelled, approved → denied. Return whether it moved."""
        return revoke(unit, request_id, now=now, reason=reason, keep_final=self.settings.keep_final)

    def lift_block(self, unit: Unit, *, client_id: str, subject: str) -> bool:
        """Lift the block of a pair; return whether there was one."""
        return guard.lift(unit, client_id, subject)

    def sweep(self, unit: Unit, now: datetime) -> int:
        """Do what is due, at most a hundred rows of a kind; call again until it returns 0."""
        return sweep(unit, now, self.settings, self.transitions)
