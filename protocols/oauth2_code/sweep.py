"""What is over goes."""

from datetime import datetime, timedelta

from engine.storage import Unit
from protocols.oauth2_code.pushed import forget_pushed
from protocols.oauth2_code.requests import forget_requests

__all__ = ["forget_code_rows"]


def forget_code_rows(unit: Unit, *, now: datetime, keep: timedelta) -> int:
    """Delete pushed requests that have run out and requests that did so *keep* ago; return how many."""
    return forget_pushed(unit, now=now) + forget_requests(unit, before=now - keep)
