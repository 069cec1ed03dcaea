"""Between queuing and sending: whether a client is still to be told, and what came of telling it."""

import logging
from collections.abc import Callable
from datetime import timedelta

from engine.storage import Settled, Unit
from protocols.oauth2_ciba.deliveries import PUSH_SENDER
from protocols.oauth2_ciba.guard import AccountGuard
from protocols.oauth2_ciba.moves import audit, move
from protocols.oauth2_ciba.requests import by_id
from protocols.oauth2_ciba.states import Event, State

log = logging.getLogger(__name__)


def may_tell(unit: Unit, request_id: str, status: str, *, guard: AccountGuard) -> bool:
    """Say whether the request still stands where a message says that it does; for an approval the guard is asked."""
    request = by_id(unit, request_id)
    if request is None or request.status != status:
        return False
    if request.status is not State.APPROVED:
        return True
    return guard.allows(unit, subject=request.user_id, client_id=request.client_id)


def settled(unit: Unit, message: Settled, *, keep_final: timedelta) -> None:
    """Move a pushed approval to delivered, or to undeliverable with its tokens revoked; a ping moves nothing."""
    request_id, at = message.correlation, message.at
    delivered = message.status == "delivered"
    why = "" if delivered else message.reason
    audit(unit, request_id, what=f"{message.sender} {message.status}", why=why, now=at)
    if message.sender == PUSH_SENDER:
        event = Event.DELIVERY if delivered else Event.GIVING_UP
        move(unit, event, request_id, now=at, reason=why or message.status, due_at=at + keep_final)
    unit.after_commit(_report(message))


def _report(message: Settled) -> Callable[[], None]:
    """Return what tells the operator once it is stored."""
    facts = {"ciba_request": message.correlation, "sender": message.sender, "reason": message.reason}
    if message.status == "delivered":
        return lambda: log.info("client_told", extra=facts)
    return lambda: log.warning("client_not_told", extra=facts)
