"""Renders letters for tests, with the shipped templates."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import flow_definitions
from executors.channels.email import EmailRenderer
from executors.channels.notice import Notice
from tests.executors.samples import NOON, later

LINK = "https://id.example/a/t0ken"
TEMPLATES = flow_definitions.folder() / "templates" / "email"


@cache
def shipped_renderer() -> EmailRenderer:
    """Return the renderer of the shipped templates, which reads them once."""
    return renderer()


def renderer(**changes: Any) -> EmailRenderer:
    """Return a renderer over the shipped templates, or as *changes* say."""
    return EmailRenderer(**{"folder": TEMPLATES, "sender": "Lockhouse <no-reply@id.example>", **changes})


def rendered(made: EmailRenderer | None = None, *, params: Mapping[str, Any] | None = None, **changes: Any) -> Any:
    """Return what the renderer answers."""
    said = {"requester": "Example Shop", "binding_message": "W4SCT", **(params or {})}
    arguments: dict[str, Any] = {
        "key": "key-1",
        "correlation": "request-1",
        "now": NOON,
        "address": "ann@example.org",
        "name": "Ann",
        "locale": "en",
        "message": {"id": "approval.request", "params": said},
        "link": LINK,
        "until": later(120),
    }
    return (made or shipped_renderer()).render(Notice(**{**arguments, **changes}))


def letter(**changes: Any) -> Mapping[str, Any]:
    """Return a payload."""
    payload = rendered(**changes)
    assert isinstance(payload, dict)
    return payload
