"""What an assertion must be before it approves a request: named checks, each pure, none implied by another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

LIFE = timedelta(seconds=60)
# How far the clocks of two of our processes may be apart.
SKEW = timedelta(seconds=5)


class Approvable(Protocol):
    """The record that an assertion is about, as the checks need it."""

    @property
    def request_id(self) -> str:
        """What the assertion's ``correlation`` names."""
        ...

    @property
    def user_id(self) -> str:
        """Who has to have approved."""
        ...

    @property
    def login_execution_id(self) -> str | None:
        """The execution in which they do; None as long as nobody has proved who they are."""
        ...

    @property
    def flow_digest(self) -> str | None:
        """The version that the execution is pinned to."""
        ...

    @property
    def scopes(self) -> tuple[str, ...]:
        """What was asked for."""
        ...

    @property
    def pending(self) -> bool:
        """Whether it waits for a decision."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        ...

    @property
    def expires_at(self) -> datetime:
        """Until when it can be decided."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verified signature's claims, the request that they are about, and what is expected of them."""

    claims: Mapping[str, Any] = field(repr=False)
    request: Approvable
    now: datetime
    issuer: str
    audience: str
    required: frozenset[str]

    def names(self, claim: str) -> frozenset[str] | None:
        """Return a claim that lists names, or None where it is no such list."""
        value = self.claims.get(claim)
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            return None
        return frozenset(value)

    def moment(self, claim: str) -> float | None:
        """Return a claim that is a time, in seconds."""
        value = self.claims.get(claim)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Check:
    """One condition. ``name`` is the reason that a refused assertion is answered with."""

    name: str
    holds: Callable[[Evidence], bool]


def _is_alive(e: Evidence) -> bool:
    issued, ends, now = e.moment("iat"), e.moment("exp"), e.now.timestamp()
    if issued is None or ends is None:
        return False
    return now < ends and issued <= now + SKEW.total_seconds() and ends - issued <= LIFE.total_seconds()


def _holds_required(e: Evidence) -> bool:
    granted = e.names("granted")
    return granted is not None and e.required & set(e.request.scopes) <= granted


def _is_within_asked(e: Evidence) -> bool:
    granted = e.names("granted")
    return granted is not None and granted <= set(e.request.scopes)


def _is_recent(e: Evidence) -> bool:
    """Return whether it was for this request: not before that was made (in whole seconds), and not in the future."""
    at = e.moment("auth_time")
    if at is None:
        return False
    return int(e.request.created_at.timestamp()) <= at <= e.now.timestamp() + SKEW.total_seconds()


CHECKS: tuple[Check, ...] = (
    Check("issuer", lambda e: e.claims.get("iss") == e.issuer),
    Check("audience", lambda e: e.claims.get("aud") == e.audience),
    Check("lifetime", _is_alive),
    Check("execution", lambda e: e.claims.get("execution") == e.request.login_execution_id),
    Check("flow_digest", lambda e: e.claims.get("flow_digest") == e.request.flow_digest),
    Check("correlation", lambda e: e.claims.get("correlation") == e.request.request_id),
    Check("subject", lambda e: e.claims.get("sub") == e.request.user_id),
    Check("required", _holds_required),
    Check("asked", _is_within_asked),
    Check("methods", lambda e: bool(e.names("methods"))),
    Check("auth_time", _is_recent),
    Check("status", lambda e: e.request.pending),
    Check("expired", lambda e: e.now < e.request.expires_at),
)


def first_failed(evidence: Evidence, checks: tuple[Check, ...] = CHECKS) -> str | None:
    """Return the name of the first check that *evidence* fails, or None where it passes them all."""
    return next((check.name for check in checks if not check.holds(evidence)), None)
