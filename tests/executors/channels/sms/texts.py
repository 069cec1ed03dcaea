"""Renders text messages for tests, with the shipped template."""

from collections.abc import Mapping
from typing import Any

import flow_definitions
from executors.channels.notice import Notice
from executors.channels.sms import SmsRenderer
from tests.executors.samples import NOON, later

LINK = "https://id.example/a/" + "t" * 43
TEMPLATES = flow_definitions.folder() / "templates" / "sms"


def shipped_texts() -> SmsRenderer:
    """Return the renderer with the templates that come with us."""
    return SmsRenderer(folder=TEMPLATES)


def rendered(made: SmsRenderer | None = None, *, params: Mapping[str, Any] | None = None, **changes: Any) -> Any:
    """Return what the renderer answers."""
    said = {"requester": "Example Shop", "binding_message": "W4SCT", **(params or {})}
    arguments: dict[str, Any] = {
        "key": "key-1",
        "correlation": "request-1",
        "now": NOON,
        "address": "+491701234567",
        "name": "Ann",
        "locale": "en",
        "message": {"id": "approval.request", "params": said},
        "link": LINK,
        "until": later(120),
    }
    return (made or SmsRenderer(folder=TEMPLATES)).render(Notice(**{**arguments, **changes}))


def sms(**changes: Any) -> Mapping[str, Any]:
    """Return a payload."""
    payload = rendered(**changes)
    assert isinstance(payload, dict)
    return payload


def queued() -> Mapping[str, Any]:
    """Return what lies in the outbox before it is rendered to ``sms()``."""
    return {
        "key": "key-1",
        "correlation": "request-1",
        "now": NOON,
        "recipient": "+491701234567",
        "name": "Ann",
        "locale": "en",
        "message": {"id": "approval.request", "params": {"requester": "Example Shop", "binding_message": "W4SCT"}},
        "link": LINK,
        "until": later(120),
    }
