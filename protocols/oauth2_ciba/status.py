"""A client asks how its request stands, without taking anything: it counts as a poll and gives no tokens."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.storage import Unit
from protocols.oauth2 import Clients, Form, OAuthError, Presented, authenticate, require_grant
from protocols.oauth2_ciba.evaluation import unknown, waiting
from protocols.oauth2_ciba.requests import Request, by_auth_req_id, set_pace
from protocols.oauth2_ciba.states import PUSH, State

_SECOND = timedelta(seconds=1)
_PENDING = "authorization_pending"


def status(
    unit: Unit, *, clients: Clients, shown: Presented, form: Form, now: datetime
) -> Mapping[str, Any] | OAuthError:
    """Return the state of the client's request, with the seconds that are left where it is still open.

    While it is pending the question is counted in the pace of the polls, and what came too early gets the error of
    a poll that did. That error is returned and not raised, since the pace is to be stored. Raises ``invalid_grant``
    for an auth_req_id that is unknown or another client's.
    """
    client = authenticate(unit, clients, shown)
    require_grant(client)
    request = by_auth_req_id(unit, form.require("auth_req_id"))
    if request is None or request.client_id != client.client_id:
        raise unknown()
    state = request.state_at(now)
    match state:
        case State.PENDING:
            return _pending(unit, request, now)
        case State.APPROVED if request.delivery_mode != PUSH:  # a push has no time to be fetched in
            return {"status": state.value, "expires_in": (request.redeem_by - now) // _SECOND}
        case _:
            return {"status": state.value}


def _pending(unit: Unit, request: Request, now: datetime) -> Mapping[str, Any] | OAuthError:
    counted = waiting(request.pace, now)
    if counted.pace != request.pace:
        set_pace(unit, request.request_id, counted.pace)
    if counted.error.error != _PENDING:
        return counted.error
    return {
        "status": State.PENDING.value,
        "expires_in": (request.expires_at - now) // _SECOND,
        "interval": counted.pace.interval // _SECOND,
    }
