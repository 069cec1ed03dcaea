"""The statements of the state table: one conditional UPDATE per move, and the only ones that write ``status``."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, Update, bindparam, case, func, null, or_, select, update

from engine.storage import Unit, insert_or_ignore, to_micros
from protocols.oauth2 import revoke_grant
from protocols.oauth2_ciba.states import BY_EVENT, FINAL, MOVES, PUSH, Event, Moment, Move
from protocols.oauth2_ciba.tables import AUDIT, INITIATIONS, REQUESTS

_R = REQUESTS.c
_NOW = bindparam("at_now", type_=BigInteger)
_WHY = bindparam("why", type_=Text)
_IS_PUSHED = _R.delivery_mode == PUSH
# How long a ping and a push are tried. An approval that is pushed waits for what comes of that; should nobody tell, the
# sweep gives it up a while later.
TRIED_FOR = timedelta(minutes=10)
_LOST_AFTER = round((TRIED_FOR + timedelta(minutes=5)) / timedelta(microseconds=1))

_CONDITIONS: Mapping[Moment, ColumnElement[bool]] = MappingProxyType(
    {
        Moment.BEFORE_EXPIRY: _R.expires_at > _NOW,
        Moment.AT_EXPIRY: _R.expires_at <= _NOW,
        Moment.BEFORE_REDEEM_BY: or_(_IS_PUSHED, _R.redeem_by > _NOW),
        Moment.AT_REDEEM_BY: _R.redeem_by <= _NOW,
    }
)

# What an event writes beside status, reason and times; every such parameter is given with the event.
_WRITES: Mapping[Event, Mapping[str, Any]] = MappingProxyType(
    {
        Event.ASSERTION: {
            "granted": bindparam("new_granted"),
            "methods": bindparam("new_methods"),
            "auth_time": bindparam("new_auth_time"),
            "grant_id": bindparam("new_grant_id"),
        },
        Event.REDEMPTION: {
            "redeemed_at": _NOW,
            "grant_id": bindparam("new_grant_id"),
            "confirmation": bindparam("new_confirmation"),
            "answer": bindparam("new_answer"),
            "answer_key": bindparam("new_answer_key"),
        },
    }
)


# What only a delivery needs goes with the last one (ciba.md "Storage").
_ERASED: Mapping[str, Any] = MappingProxyType({"auth_req_id": null(), "notification_token": null()})


def conditional_update(move: Move) -> Update:
    """Return the UPDATE of one row of the table: it changes nothing unless the request is still where *move* begins."""
    conditions = [_R.request_id == bindparam("which"), _R.status == move.at.value]
    if PUSH not in move.modes:
        conditions.append(~_IS_PUSHED)
    elif len(move.modes) == 1:
        conditions.append(_IS_PUSHED)
    if move.when is not None:
        conditions.append(_CONDITIONS[move.when])
    final = move.to in FINAL
    return (
        update(REQUESTS)
        .where(*conditions)
        .values(
            status=move.to.value,
            reason=_WHY,
            decided_at=func.coalesce(_R.decided_at, _NOW),
            due_at=bindparam("new_due_at") if final else case((_IS_PUSHED, _NOW + _LOST_AFTER), else_=_R.redeem_by),
            **(_ERASED if final else {}),
            **_WRITES.get(move.event, {}),
        )
    )


_STATEMENTS: Mapping[Event, Update] = MappingProxyType({move.event: conditional_update(move) for move in MOVES})
_ERASE_AUTH_REQ_ID = (
    update(INITIATIONS).where(INITIATIONS.c.request_id == bindparam("which")).values(auth_req_id=null())
)
# An approval that cost no redemption has tokens already where it is pushed; they go with it.
_UNDONE = frozenset({Event.REVOCATION, Event.GIVING_UP})
_GRANT = select(_R.grant_id).where(_R.request_id == bindparam("which"))
_AUDIT = insert_or_ignore(AUDIT).from_select(
    ["request_id", "at", "event", "client_id", "user_id", "reason"],
    select(_R.request_id, _NOW, bindparam("what", type_=Text), _R.client_id, _R.user_id, _WHY).where(
        _R.request_id == bindparam("which")
    ),
)


def move(
    unit: Unit,
    event: Event,
    request_id: str,
    *,
    now: datetime,
    reason: str,
    due_at: datetime | None = None,
    writes: Mapping[str, Any] = MappingProxyType({}),
) -> bool:
    """Apply *event* to the request if the table has a cell for it there; return whether it moved.

    *due_at* says when the sweep is to look at a final row again; *writes* holds what the event carries, by column.
    A move is audited, and at a final state the stored auth_req_id is erased. Of an approval that is taken back or
    given up the tokens are revoked.
    """
    params = {"which": request_id, "at_now": to_micros(now), "why": reason}
    params |= {f"new_{column}": value for column, value in writes.items()}
    final = BY_EVENT[event].to in FINAL
    if final:
        params["new_due_at"] = to_micros(now if due_at is None else due_at)
    if unit.execute(_STATEMENTS[event], params).rowcount != 1:
        return False
    audit(unit, request_id, what=BY_EVENT[event].to.value, why=reason, now=now)
    if event in _UNDONE and (grant_id := unit.execute(_GRANT, {"which": request_id}).scalar()) is not None:
        revoke_grant(unit, grant_id, reason=reason, now=now)
    if final:
        unit.execute(_ERASE_AUTH_REQ_ID, {"which": request_id})
    return True


def audit(unit: Unit, request_id: str, *, what: str, why: str, now: datetime) -> None:
    """Record that *what* happened to the request."""
    unit.execute(_AUDIT, {"which": request_id, "what": what, "why": why, "at_now": to_micros(now)})
