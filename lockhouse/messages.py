"""Finds mistakes in message templates before anybody waits for a message: at start and by `lockhouse flow check`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final

import flow_definitions
from executors.channels.email import Colours
from executors.channels.email import templates as email
from executors.channels.sms import renderer as sms
from executors.channels.wording import Flaw, Templates

__all__ = ["MessagesInvalid", "check_messages", "message_flaws", "templates_folder"]

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {"email": email.PARTS, "sms": sms.PARTS}
_ALWAYS: Final[Mapping[str, Any]] = {
    "service": "Lockhouse",
    "name": "Ann",
    "accent": Colours(),
    "link": "https://id.example/a/t",
    "expires_at": datetime(2030, 1, 1, 12, tzinfo=UTC),
}
# What the flows that come with us give to their messages, at its fullest and at its barest.
_SAMPLES: Final[Mapping[str, Sequence[Mapping[str, Any]]]] = {
    "approval.request": (
        {**_ALWAYS, "minutes": 2, "requester": "Shop", "binding_message": "W4SCT", "permissions": ["Pay"]},
        {**_ALWAYS, "minutes": 0, "requester": "Shop", "binding_message": ""},
    )
}


class MessagesInvalid(Exception):
    """Templates have mistakes. The message names each with its file and line."""

    code: ClassVar[str] = "messages_invalid"

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("\n".join(("message templates have mistakes", *map(str, flaws))))


def templates_folder(flows: Path, channel: str) -> Path:
    """Return where *channel*'s templates are: beside the flows in *flows*, else the ones that come with us."""
    own = flows / "templates" / channel
    return own if own.is_dir() else flow_definitions.folder() / "templates" / channel


def message_flaws(flows: Path) -> tuple[Flaw, ...]:
    """Return every mistake in the templates that a server with the flows in *flows* would use."""
    return tuple(
        flaw
        for channel, parts in _PARTS.items()
        for flaw in Templates(templates_folder(flows, channel), parts=parts).flaws(_SAMPLES)
    )


def check_messages(flows: Path) -> None:
    """Raise `MessagesInvalid` where there are any."""
    if flaws := message_flaws(flows):
        raise MessagesInvalid(flaws)
