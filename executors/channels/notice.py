"""What is queued for a person, before it has words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Who is to be told what, and until when it is worth telling.

    ``key`` and ``now`` are those of the task that queued it, the same at every try. ``message`` has an ``id``, the
    name of a template, and ``params``, the values that its words speak of.
    """

    key: str
    correlation: str
    now: datetime
    address: str = field(repr=False)
    name: str = field(repr=False)
    locale: str
    message: Mapping[str, Any] = field(repr=False)
    link: str = field(repr=False)
    until: datetime

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> "Notice":
        """Return the notice that ``notification_dispatch`` put into the outbox as *payload*."""
        return cls(
            key=payload["key"],
            correlation=payload["correlation"],
            now=payload["now"],
            address=payload["recipient"],
            name=payload["name"],
            locale=payload["locale"],
            message=payload["message"],
            link=payload["link"],
            until=payload["until"],
        )
