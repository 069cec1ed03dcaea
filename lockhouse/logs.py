"""Sets up logging: one line an event on standard error, as JSON or for a console, with the request's id.

Every logger of the process goes through here, ours and the libraries'. A last step masks what must never be
written: links of requests, and values under names that are secret.
"""

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

__all__ = ["configure_logs", "mask"]

# A link is a capability: /a/ and its token. The gate names its steps by words, the flow API by tokens.
_LINK = re.compile(r"(/a|(?<=/)steps)/[^/?#\s\"']+")
_SECRET_NAMES = re.compile(
    r"password|secret|token|authorization|cookie|assertion|credential|auth_req_id|user_code|csrf", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"(?i)\b(auth_req_id|client_secret|client_assertion|password|access_token|id_token|refresh_token|code)=[^&\s\"']+"
)


def mask(text: str) -> str:
    """Return *text* without link tokens and without values of secret form parameters.

    >>> mask("GET /a/Zm9v/step?password=x")
    'GET /a/***/step?password=***'
    """
    return _SECRET_TEXT.sub(r"\1=***", _LINK.sub(r"\1/***", text))


def _mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if name != "event" and _SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = mask(value)
    return event


def configure_logs(*, form: Literal["console", "json"], level: str) -> None:
    """Send every log record of this process to standard error in one *form*. A second call replaces the first."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, _mask_event, structlog.processors.JSONRenderer()]
        if form == "json"
        else [structlog.processors.format_exc_info, _mask_event, structlog.dev.ConsoleRenderer(colors=_colourful())]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpcore2", "httpx2", "uvicorn.error", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(own)
        logger.handlers[:], logger.propagate = [], True


def _colourful() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")
