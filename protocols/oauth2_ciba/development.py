"""Decisions without a person, for a developer whose client waits: only where the deployment is for development.

An approval goes the way of every approval: an attempt, its claim, a signed assertion at the callback. Only the flow
that would have asked somebody is left out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from engine.storage import Keyring, Unit, to_micros
from protocols.oauth2 import load_assertion_key
from protocols.oauth2_ciba import approval_link
from protocols.oauth2_ciba.records import CibaRecords
from protocols.oauth2_ciba.requests import Request, by_auth_req_id, by_id
from protocols.oauth2_ciba.states import Event, State
from protocols.oauth2_ciba.tables import ATTEMPTS, REQUESTS

__all__ = ["Decided", "DecisionMaker", "DecisionRefused", "approve", "deny", "expire"]

REASON = "development"
_METHODS = ("pwd",)
_ATTEMPT = insert(ATTEMPTS)
_NEWEST = (
    select(REQUESTS.c.request_id)
    .where(REQUESTS.c.status == State.PENDING.value)
    .order_by(REQUESTS.c.created_at.desc())
    .limit(1)
)
_DIGEST = "none: decided by lockhouse dev"


class DecisionRefused(ValueError):
    """There is no such request, or it is not pending any more."""

    code = "decision_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMaker:
    """What a developer acts with: the records, the keys, the moment, and a name for what takes the person's place."""

    records: CibaRecords
    keyring: Keyring
    execution: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided about: who asked whom, and for what."""

    client_id: str
    subject: str
    scopes: tuple[str, ...]


def _find(unit: Unit, auth_req_id: str | None) -> Request:
    """Return the request of *auth_req_id*, or the newest pending one; raise DecisionRefused."""
    if auth_req_id is not None:
        request = by_auth_req_id(unit, auth_req_id)
    else:
        newest = unit.execute(_NEWEST).scalar()
        request = None if newest is None else by_id(unit, newest, lock=True)
    if request is None:
        raise DecisionRefused("expected a pending request, found none; send one to /oauth2/bc-authorize first")
    return request


def approve(unit: Unit, auth_req_id: str | None, maker: DecisionMaker) -> Decided:
    """Approve all that was asked, in the name of the person."""
    request = _pending(unit, auth_req_id, maker)
    attempt = {
        "execution": maker.execution,
        "request_id": request.request_id,
        "flow_digest": request.flow_digest or _DIGEST,
        "opened_at": to_micros(maker.now),
        "closed": None,
    }
    unit.execute(_ATTEMPT, attempt)
    approval_link.claim(
        unit,
        execution=maker.execution,
        correlation=request.request_id,
        subject=request.user_id,
        now=maker.now,
    )
    key = load_assertion_key(unit, keyring=maker.keyring)
    assertion = key.sign(_claims(request, str(attempt["flow_digest"]), maker))
    answer = maker.records.receive(unit, maker.records.settings.callback_name, assertion, maker.now)
    if not answer.accepted:
        raise DecisionRefused(f"expected a request that can be approved, found one that cannot: {answer.reason}")
    return _told(request)


def deny(unit: Unit, auth_req_id: str | None, maker: DecisionMaker) -> Decided:
    """Refuse in the name of the person."""
    return _end(unit, auth_req_id, maker, Event.DENIAL, at=maker.now)


def expire(unit: Unit, auth_req_id: str | None, maker: DecisionMaker) -> Decided:
    """Let the request's time be up."""
    request = _pending(unit, auth_req_id, maker)
    return _end(unit, auth_req_id, maker, Event.LAPSE, at=request.expires_at)


def _end(unit: Unit, auth_req_id: str | None, maker: DecisionMaker, event: Event, *, at: datetime) -> Decided:
    request = _pending(unit, auth_req_id, maker)
    kept = maker.now + maker.records.settings.keep_final
    maker.records.transitions.apply(unit, event, request, now=at, reason=REASON, due_at=kept)
    return _told(request)


def _pending(unit: Unit, auth_req_id: str | None, maker: DecisionMaker) -> Request:
    request = _find(unit, auth_req_id)
    state = request.state_at(maker.now)
    if state is not State.PENDING:
        raise DecisionRefused(f"expected a request that is pending, found one that is {state.value}")
    if request.login_execution_id is not None:
        raise DecisionRefused("expected a request that nobody decides, found one whose person has signed in already")
    return request


def _told(request: Request) -> Decided:
    return Decided(client_id=request.client_id, subject=request.user_id, scopes=request.scopes)


def _claims(request: Request, flow_digest: str, maker: DecisionMaker) -> dict[str, Any]:
    at, settings = int(maker.now.timestamp()), maker.records.settings
    return {
        "iss": settings.issuer,
        "aud": settings.callback_name,
        "sub": request.user_id,
        "jti": maker.execution,
        "iat": at,
        "exp": at + 30,
        "execution": maker.execution,
        "flow_digest": flow_digest,
        "correlation": request.request_id,
        "granted": list(request.scopes),
        "methods": list(_METHODS),
        "auth_time": at,
    }
