"""Values that the executors' tests share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import Context

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
CONTEXT = Context(
    key="key-1",
    execution="execution-1",
    correlation="request-1",
    flow="login_approval",
    digest="digest-1",
    node="node",
    visit=1,
    attempt=1,
    now=NOON,
    locale="en",
)


def context(**changes: Any) -> Context:
    """Return the context of a task, with *changes*."""
    return replace(CONTEXT, **changes)


def later(seconds: float) -> datetime:
    """Return the moment so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)
