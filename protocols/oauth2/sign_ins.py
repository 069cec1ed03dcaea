"""Somebody signs in and decides in their own browser: the page's words, the proof, and the end, for any grant.

The flow that the authorization names asks who they are and calls the flow that has them prove it and decide.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from engine import Ended
from engine.storage import Keyring, Unit
from protocols.oauth2 import authorizations
from protocols.oauth2.assertion_checks import Evidence, first_failed
from protocols.oauth2.assertions import OTHER_CLAIMS, CallbackAnswer, digest_of_claims, verified_claims
from protocols.oauth2.authorizations import Authorization, Status
from protocols.oauth2.clients import Clients
from protocols.oauth2.flow_starting import FlowStarter
from protocols.oauth2.landings import Closed, Landing, Opened
from protocols.oauth2.permissions import permissions_of
from protocols.oauth2.scopes import Scope
from protocols.oauth2.signing_keys import AssertionKey
from protocols.oauth2.userinfo import Guard

__all__ = ["SIGN_IN_END", "SignInDoor", "SignInSettings", "SignIns", "WayBack"]

SIGN_IN_END = "oauth2.sign_in"
_ENDS: Mapping[str, Status] = {"denied": Status.DENIED, "expired": Status.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSettings:
    """What a deployment decides about sign-ins. ``life`` is how long a person may take."""

    issuer: str
    scopes: Mapping[str, Scope]
    life: timedelta = timedelta(minutes=10)
    keep: timedelta = timedelta(days=7)
    callback: str = "sign_in"
    locale: str = "en"

    @property
    def required(self) -> frozenset[str]:
        """The scopes that nobody can leave out and still approve."""
        return frozenset(name for name, scope in self.scopes.items() if scope.required)


class SignIns:
    """All of it that needs no engine. Every method is synchronous and runs inside the caller's unit."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        clients: Clients,
        guard: Guard,
        assertion_key: AssertionKey,
        settings: SignInSettings,
    ) -> None:
        self.keyring, self.settings = keyring, settings
        self._clients, self._guard, self._public_key = clients, guard, assertion_key.public_key

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        """Return what the page behind *link* may show. It changes nothing."""
        found = authorizations.authorization_by_link(unit, link)
        return None if found is None else self.describe(unit, found, now)

    def describe(self, unit: Unit, found: Authorization, now: datetime) -> Landing:
        """Return *found* as its page may show it."""
        client = self._clients.find(unit, found.client_id)
        allowed = client is not None and not client.disabled
        if allowed and found.user_id:
            allowed = self._guard.allows(unit, subject=found.user_id, client_id=found.client_id)
        return Landing(
            request_id=found.request_id,
            status=found.status_at(now).value,
            requester=client.name if client else found.client_id,
            permissions=permissions_of(found.scopes, self.settings.scopes),
            binding_message=authorizations.read_message(self.keyring, found),
            created_at=found.created_at,
            expires_at=found.expires_at,
            subject=found.user_id,
            claimed_by=found.login_execution_id,
            allowed=allowed,
        )

    def claim(self, unit: Unit, *, execution: str, correlation: str, subject: str, now: datetime) -> bool:
        """Give the authorization to *subject*, who has just proved who they are."""
        return authorizations.claim(unit, execution=execution, correlation=correlation, subject=subject, now=now)

    def receive(self, unit: Unit, name: str, assertion: str, now: datetime) -> CallbackAnswer:
        """Judge an assertion and approve what it is about, once: the same again gets the same answer."""
        if name != self.settings.callback:
            return CallbackAnswer(accepted=False, reason="callback")
        claims = verified_claims(assertion, self._public_key)
        if claims is None:
            return CallbackAnswer(accepted=False, reason="signature")
        found = authorizations.authorization_by_execution(unit, str(claims.get("execution")))
        if found is None:
            return CallbackAnswer(accepted=False, reason="execution")
        digest = digest_of_claims(self.keyring, "oauth2.sign_in_assertion", claims)
        if found.assertion is not None:
            same = found.assertion == digest
            return CallbackAnswer(accepted=same, reason="" if same else OTHER_CLAIMS)
        return self._judge(unit, claims, found, digest, now)

    def _judge(
        self, unit: Unit, claims: Mapping[str, Any], found: Authorization, digest: bytes, now: datetime
    ) -> CallbackAnswer:
        settings = self.settings
        evidence = Evidence(
            claims=claims,
            request=found,
            now=now,
            issuer=settings.issuer,
            audience=settings.callback,
            required=settings.required,
        )
        failed = first_failed(evidence)
        if failed is not None:
            over = failed in ("status", "expired")
            return CallbackAnswer(accepted=False, reason=f"status:{found.status_at(now).value}" if over else failed)
        if not self._guard.allows(unit, subject=found.user_id, client_id=found.client_id):
            authorizations.close(unit, found.request_id, Status.DENIED)
            return CallbackAnswer(accepted=False, reason="account")
        moved = authorizations.approve(
            unit,
            found.request_id,
            granted=tuple(name for name in found.scopes if name in claims["granted"]),
            methods=tuple(claims["methods"]),
            auth_time=claims["auth_time"],
            assertion=digest,
            now=now,
        )
        return CallbackAnswer(accepted=moved, reason="" if moved else f"status:{found.status_at(now).value}")

    def ended(self, unit: Unit, ended: Ended) -> None:
        """Follow the end of an attempt, if it still is the one that counts; an approval is there already."""
        found = authorizations.authorization_by_id(unit, ended.correlation, lock=True)
        if found is not None and found.execution == ended.execution:
            authorizations.close(unit, found.request_id, _ENDS.get(ended.outcome, Status.FAILED))


class WayBack(Protocol):
    """Where browsers go when it is over, for grants that want them back."""

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> str | None:
        """Return the address, once, or None."""
        ...


class SignInDoor:
    """Has people who come by a link sign in and decide."""

    def __init__(
        self, *, sign_ins: SignIns, flows: FlowStarter, flow_digest: Callable[[str], str], way_back: WayBack
    ) -> None:
        self._sign_ins, self._flows, self._flow_digest = sign_ins, flows, flow_digest
        self._way_back = way_back

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        """Return what the page behind *link* may show."""
        return self._sign_ins.landing(unit, link, now)

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> str | None:
        """Return where the browser of *execution* goes now that it is over, once; None: it stays."""
        return self._way_back.leave(unit, link=link, execution=execution, token=token, now=now)

    def open_attempt(self, unit: Unit, *, link: str, execution: str, now: datetime) -> Opened | Closed:
        """Start an attempt as *execution*. There is one at a time: cancel the one that is ``displaced`` afterwards."""
        found = authorizations.authorization_by_link(unit, link, lock=True)
        if found is None:
            return Closed("unknown")
        landing, settings = self._sign_ins.describe(unit, found, now), self._sign_ins.settings
        if landing.status != Status.PENDING:
            return Closed(landing.status)
        if not landing.allowed:
            return Closed("unavailable")
        digest = self._flow_digest(found.flow)
        if not authorizations.reserve(unit, found.request_id, execution=execution, flow_digest=digest, now=now):
            return Closed("claimed")
        inputs = {
            "requester": landing.requester,
            "permissions": [permission.as_input() for permission in landing.permissions],
            "callback": settings.callback,
            "correlation": found.request_id,
            "expires_at": found.expires_at,
        }
        login_hint = authorizations.read_login_hint(self._sign_ins.keyring, found)
        told = {"login_hint": login_hint, "binding_message": landing.binding_message}
        self._flows.start(
            unit,
            execution=execution,
            flow=found.flow,
            inputs=inputs | {name: text for name, text in told.items() if text is not None},
            on_end=SIGN_IN_END,
            correlation=found.request_id,
            now=now,
            locale=settings.locale,
        )
        return Opened(displaced=found.execution)
