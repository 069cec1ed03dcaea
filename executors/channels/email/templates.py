"""Reads message templates: ``email/LANG/ID.subject.j2``, ``ID.txt.j2`` and ``ID.html.j2`` in a folder.

Jinja2's immutable sandbox under StrictUndefined: a template computes nothing but text, and a missing parameter is
an error, not a gap in somebody's mail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine import Fault
from executors.channels.email.headers import one_line

_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.ASCII)
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One message in words."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


class Templates:
    """The templates in *folder*. What a language lacks is taken from the next wider one, then *default*."""

    def __init__(self, folder: Path, *, default: str = "en") -> None:
        self._default = default
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters |= {"line": one_line, "clock": _clock, "day": _day}

    def render(self, message: str, locale: str, values: Mapping[str, Any]) -> Texts:
        """Return *message* in the words of *locale*; Fault where it is unknown or a parameter is missing."""
        if not _ID.fullmatch(message):
            raise Fault("message_unknown", "expected a message id such as approval.request, found something else")
        language = self._language(message, locale)
        try:
            subject, text, html = (
                self._environment.get_template(f"{language}/{message}.{part}.j2").render(values)
                for part in ("subject", "txt", "html")
            )
        except TemplateError as error:
            # Jinja2's message names the parameter, never its value.
            raise Fault("message_incomplete", f"message {message!r} cannot be written: {error.message}") from error
        return Texts(subject=one_line(subject), text=text, html=html)

    def _language(self, message: str, locale: str) -> str:
        for language in (*_wider(locale), self._default):
            try:
                self._environment.get_template(f"{language}/{message}.subject.j2")
            except TemplateNotFound:
                continue
            return language
        raise Fault("message_unknown", f"no template is there for message {message!r}: add {message}.subject.j2")


def _wider(locale: str) -> tuple[str, ...]:
    if not _LOCALE.fullmatch(locale):
        return ()
    parts = locale.split("-")
    return tuple("-".join(parts[:count]) for count in range(len(parts), 0, -1))


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
