"""Due work: what has run out expires, stored answers are erased, and old rows go. Any process may do it."""

from datetime import datetime

from sqlalchemy import bindparam, delete, null, select, update

from engine.storage import Unit, to_micros
from protocols.oauth2 import forget_assertions, forget_refresh_tokens, forget_tokens
from protocols.oauth2.sender_proofs import forget_proofs
from protocols.oauth2_ciba.requests import Request, request_of_row
from protocols.oauth2_ciba.settings import CibaSettings
from protocols.oauth2_ciba.states import FINAL, PUSH, Event, State
from protocols.oauth2_ciba.tables import ASSERTIONS, ATTEMPTS, AUDIT, INITIATIONS, REQUESTS
from protocols.oauth2_ciba.transitions import Transitions
from protocols.oauth2_ciba.used_tokens import forget_used_tokens

# One sweep is one short unit: whoever calls it calls again until nothing is left.
BATCH = 100

_R = REQUESTS.c
_DUE = (
    select(REQUESTS)
    .where(_R.due_at <= bindparam("at_now"))
    .order_by(_R.due_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_ERASE_ANSWER = (
    update(REQUESTS)
    .where(_R.request_id == bindparam("which"))
    .values(answer=null(), answer_key=null(), due_at=_R.redeemed_at + bindparam("kept"))
)
_FORGET_REQUEST = delete(REQUESTS).where(
    _R.request_id == bindparam("which"), *(_R.status != state.value for state in State if state not in FINAL)
)
_FORGET_ATTEMPTS = delete(ATTEMPTS).where(ATTEMPTS.c.request_id == bindparam("which"))
_FORGET_INITIATIONS = delete(INITIATIONS).where(
    INITIATIONS.c.request_id.in_(
        select(INITIATIONS.c.request_id).where(INITIATIONS.c.expires_at <= bindparam("at_now")).limit(BATCH)
    )
)
_FORGET_ASSERTIONS = delete(ASSERTIONS).where(
    ASSERTIONS.c.jti.in_(select(ASSERTIONS.c.jti).where(ASSERTIONS.c.forget_at <= bindparam("at_now")).limit(BATCH))
)
_OLD_AUDIT = select(AUDIT.c.at).where(AUDIT.c.at <= bindparam("before")).order_by(AUDIT.c.at).limit(BATCH)
_FORGET_AUDIT = delete(AUDIT).where(AUDIT.c.at.in_(_OLD_AUDIT))


def sweep(unit: Unit, now: datetime, settings: CibaSettings, transitions: Transitions) -> int:
    """Do what is due at *now*, at most a hundred rows of each kind; return how many rows were touched."""
    at = to_micros(now)
    touched = 0
    for row in unit.execute(_DUE, {"at_now": at}).all():
        touched += _handle(unit, request_of_row(row), now, settings, transitions)
    touched += unit.execute(_FORGET_INITIATIONS, {"at_now": at}).rowcount
    touched += unit.execute(_FORGET_ASSERTIONS, {"at_now": at}).rowcount
    touched += unit.execute(_FORGET_AUDIT, {"before": to_micros(now - settings.keep_audit)}).rowcount
    touched += forget_tokens(unit, now=now) + forget_refresh_tokens(unit, now=now)
    touched += forget_used_tokens(unit, now=now) + forget_proofs(unit, now=now)
    return touched + forget_assertions(unit, now=now)


def _handle(unit: Unit, request: Request, now: datetime, settings: CibaSettings, transitions: Transitions) -> int:
    request_id, kept = request.request_id, settings.keep_final
    if (run_out := _run_out(request)) is not None:
        event, reason = run_out
        return int(transitions.apply(unit, event, request, now=now, reason=reason, due_at=now + kept))
    if request.answer is not None:
        micros = int(kept.total_seconds() * 1_000_000)
        return unit.execute(_ERASE_ANSWER, {"which": request_id, "kept": micros}).rowcount
    unit.execute(_FORGET_ATTEMPTS, {"which": request_id})
    return unit.execute(_FORGET_REQUEST, {"which": request_id}).rowcount


def _run_out(request: Request) -> tuple[Event, str] | None:
    """Return what has become of a request whose time is up, and why; None for one that is over.

    Nobody has told what came of a push that is due here.
    """
    match request.status:
        case State.PENDING:
            return Event.LAPSE, "expired"
        case State.APPROVED if request.delivery_mode == PUSH:
            return Event.GIVING_UP, "not delivered"
        case State.APPROVED:
            return Event.NOT_COLLECTED, "expired"
        case _:
            return None
