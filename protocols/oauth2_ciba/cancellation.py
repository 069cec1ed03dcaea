"""Requests that are taken back: by their client, by an operator, or because their client is removed."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, or_, select

from engine.storage import Unit
from protocols.oauth2 import Clients, Form, OAuthError, Presented, authenticate, require_grant
from protocols.oauth2_ciba.evaluation import unknown
from protocols.oauth2_ciba.moves import move
from protocols.oauth2_ciba.requests import by_auth_req_id
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import Event, State
from protocols.oauth2_ciba.tables import INITIATIONS, REQUESTS

REMOVED = "client removed"
_R = REQUESTS.c
_OPEN_OF_CLIENT = select(_R.request_id).where(
    _R.client_id == bindparam("client"),
    or_(_R.status == State.PENDING.value, _R.status == State.APPROVED.value),
)
_FORGET_INITIATIONS = delete(INITIATIONS).where(INITIATIONS.c.client_id == bindparam("client"))


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


def revoke(unit: Unit, request_id: str, *, now: datetime, reason: str, keep_final: timedelta) -> bool:
    """End a request that is not over: pending → cancelled, approved → denied. Return whether it moved."""
    kept = now + keep_final
    return any(
        move(unit, event, request_id, now=now, reason=reason, due_at=kept)
        for event in (Event.CANCELLATION, Event.REVOCATION)
    )


def remove_client(unit: Unit, client_id: str, *, clients: Clients, now: datetime, keep_final: timedelta) -> bool:
    """Remove the client with all that it has, so that nothing comes back where its id is given again.

    Blocks stay: they are the people's. Return whether there was such a client.
    """
    # Its row first: whoever asks in its name meanwhile waits, and then finds no client. Its requests before its
    # grants: a poll that redeems one has either stored its grant by now, or finds the request taken back.
    if clients.find_credentials(unit, client_id, lock=True) is None:
        return False
    for request_id in unit.execute(_OPEN_OF_CLIENT, {"client": client_id}).scalars():
        revoke(unit, request_id, now=now, reason=REMOVED, keep_final=keep_final)
    unit.execute(_FORGET_INITIATIONS, {"client": client_id})
    return clients.remove(unit, client_id, now=now)
