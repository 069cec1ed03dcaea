"""A client takes its request back: pending becomes cancelled, again and again with the same answer."""

from datetime import datetime

from engine.storage import Unit
from protocols.oauth2 import Clients, Form, OAuthError, Presented, authenticate, require_grant
from protocols.oauth2_ciba.evaluation import unknown
from protocols.oauth2_ciba.moves import move
from protocols.oauth2_ciba.requests import by_auth_req_id
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import Event, State


def cancel(
    unit: Unit, *, clients: Clients, shown: Presented, form: Form, settings: CibaSettings, now: datetime
) -> dict[str, str]:
    """Cancel the client's pending request. Unknown, or another client's → ``invalid_grant``, as for a poll."""
    client = authenticate(unit, clients, shown)
    require_grant(client)
    request = by_auth_req_id(unit, form.require("auth_req_id"))
    if request is None or request.client_id != client.client_id:
        raise unknown()
    if request.status is State.CANCELLED:
        return {"status": State.CANCELLED.value}
    kept = now + settings.keep_final
    if not move(unit, Event.CANCELLATION, request.request_id, now=now, reason="client", due_at=kept):
        raise OAuthError("invalid_grant", "this request is decided already and cannot be cancelled")
    return {"status": State.CANCELLED.value}
