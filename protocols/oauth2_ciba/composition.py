"""Two ways to put one request together of flows: two that start at two times, or one journey that calls both."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from engine import InvalidFields, UnknownExecution
from engine.storage import Unit
from protocols.oauth2 import Permission
from protocols.oauth2.flow_starting import FlowStarter
from protocols.oauth2_ciba.requests import Request
from protocols.oauth2_ciba.settings import CibaSettings

NOTIFICATION_END, LOGIN_END, JOURNEY_END = "ciba.notification", "ciba.login", "ciba.journey"
ENGAGED = "engaged"


class Flows(FlowStarter, Protocol):
    """What CIBA asks of the engine."""

    def signal_inside(
        self, unit: Unit, *, execution: str, name: str, sender: str, payload: Mapping[str, Any], now: datetime
    ) -> bool:
        """Send a signal inside the caller's unit; False where *execution* does not take it now."""
        ...


class Composer:
    """Starts flows for requests; what runs is the same under both compositions."""

    def __init__(self, *, flows: Flows, settings: CibaSettings, flow_digest: Callable[[str], str]) -> None:
        self._flows, self._settings, self._flow_digest = flows, settings, flow_digest

    def journey_digest(self, client_id: str) -> str | None:
        """Return the version that a request of this client is pinned to from the start; None under two flows."""
        if self._settings.composition_of(client_id) == "two_flows":
            return None
        return self._flow_digest(self._settings.journey_flow)

    def notify(
        self,
        unit: Unit,
        *,
        execution: str,
        journey: bool,
        notice: Mapping[str, Any],
        decision: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Begin with a stored request: tell the person, and under one flow all that follows."""
        settings, subject = self._settings, decision["subject"]
        inputs = {**notice, **decision} if journey else {**notice, "recipient": subject}
        self._flows.start(
            unit,
            execution=execution,
            flow=settings.journey_flow if journey else settings.notification_flow,
            inputs={**inputs, "expires_at": decision["expires_at"]},
            on_end=JOURNEY_END if journey else NOTIFICATION_END,
            correlation=decision["correlation"],
            now=now,
            locale=settings.locale,
        )

    def engage(self, unit: Unit, request: Request, *, now: datetime) -> bool:
        """Tell the journey of *request* that somebody is there; False where it has none that waits for that.

        An execution that knows no such signal belongs to a request from before a change of the setting.
        """
        if request.flow_digest is None:
            return False
        try:
            return self._flows.signal_inside(
                unit,
                execution=request.flow_execution_id,
                name=ENGAGED,
                sender=request.request_id,
                payload={},
                now=now,
            )
        except (InvalidFields, UnknownExecution):
            return False

    @property
    def login_digest(self) -> str:
        """Return the version that a login attempt of its own is pinned to."""
        return self._flow_digest(self._settings.login_flow)

    def log_in(self, unit: Unit, *, execution: str, decision: Mapping[str, Any], now: datetime) -> None:
        """Start a login attempt as a flow of its own."""
        self._flows.start(
            unit,
            execution=execution,
            flow=self._settings.login_flow,
            inputs=decision,
            on_end=LOGIN_END,
            correlation=decision["correlation"],
            now=now,
            locale=self._settings.locale,
        )


def decision_inputs(
    *,
    subject: str,
    requester: str,
    binding_message: str | None,
    permissions: tuple[Permission, ...],
    callback: str,
    request_id: str,
    expires_at: datetime,
) -> dict[str, Any]:
    """Return what a flow needs to have a person sign in and decide."""
    inputs: dict[str, Any] = {
        "subject": subject,
        "requester": requester,
        "permissions": [permission.as_input() for permission in permissions],
        "callback": callback,
        "correlation": request_id,
        "expires_at": expires_at,
    }
    if binding_message is not None:
        inputs["binding_message"] = binding_message
    return inputs
