"""What every channel does with words: message templates by language, and texts that others chose made harmless.

Templates are files ``LANG/ID.PART.j2`` in a folder. Jinja2's immutable sandbox under StrictUndefined: a template
computes nothing but text, and a missing parameter is an error, not a gap in somebody's message.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine import Fault

_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.ASCII)
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
# Left-to-right and right-to-left marks, embeddings, overrides and isolates: they make a name read as another.
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS: Final = frozenset("\u200c\u200d")  # they build emoji and letters of several scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One mistake in one template; line 0 where no line is to blame."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class Templates:
    """The templates in *folder*; each message has all *parts*, such as ``subject`` and ``txt``.

    What a language lacks is taken from the next wider one, then *default*. Times are told on the clocks of *zone*; a
    template finds its city in `time_zone`, or the word UTC. The folder is read once: what is changed in it counts after
    the next start, which looks for mistakes first.
    """

    suffix: ClassVar[str] = ".j2"

    def __init__(self, folder: Path, *, parts: Sequence[str], default: str = "en", zone: str = "UTC") -> None:
        self._folder, self._parts, self._default = folder, tuple(parts), default
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,  # otherwise the file's time is asked for at every message
        )
        self._known = frozenset(self._environment.list_templates(extensions=["j2"]))
        clocks = _Clocks(zone)
        self._environment.filters |= {"line": one_line, "clock": clocks.clock, "day": clocks.day}
        self._environment.globals["time_zone"] = clocks.name

    def render(self, message: str, locale: str, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the parts of *message* in the words of *locale*; Fault: unknown, or a parameter is missing."""
        language = self.language(message, locale)
        try:
            return tuple(self._part(language, message, part, values) for part in self._parts)
        except TemplateError as error:
            # Jinja2's message names the parameter, never its value.
            raise Fault("message_incomplete", f"message {message!r} cannot be written: {error.message}") from error

    def language(self, message: str, locale: str) -> str:
        """Return the language that *message* is written in for *locale*; Fault where it is unknown."""
        if not _ID.fullmatch(message):
            raise Fault("message_unknown", "expected a message id such as approval.request, found something else")
        first = self._parts[0]
        for language in (*_wider(locale), self._default):
            if f"{language}/{message}.{first}{self.suffix}" in self._known:
                return language
        raise Fault("message_unknown", f"no template is there for message {message!r}: add {message}.{first}.j2")

    def flaws(self, samples: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Flaw]:
        """Read every template, and write each message that there are *samples* for, as a start or a check does."""
        for name in self._environment.list_templates(extensions=["j2"]):
            try:
                self._environment.get_template(name)
            except TemplateSyntaxError as error:
                yield Flaw(
                    file=self._folder / name, line=error.lineno, message=f"{error.message}; correct the template"
                )
                continue
            except (UnicodeDecodeError, OSError) as error:
                yield Flaw(file=self._folder / name, line=0, message=f"cannot be read: {type(error).__name__}")
                continue
            yield from self._tried(name, samples)

    def _tried(self, name: str, samples: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Flaw]:
        file = self._folder / name
        language, _, rest = name.partition("/")
        message, _, part = rest.removesuffix(self.suffix).rpartition(".")
        if part not in self._parts:
            yield Flaw(file=file, line=0, message=f"is never read; expected LANG/ID.PART.j2 with PART {self._expected}")
            return
        try:
            for values in samples.get(message, ()):
                self._part(language, message, part, values)
        except Exception as error:  # noqa: BLE001 - a template may raise whatever its expressions do
            line = _line_of(error, file)
            said = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
            yield Flaw(file=file, line=line, message=f"{said}; correct the template")
        for other in self._parts:
            if other != part and not (file.parent / f"{message}.{other}{self.suffix}").exists():
                yield Flaw(file=file, line=0, message=f"has no {message}.{other}{self.suffix} beside it; add one")

    @property
    def _expected(self) -> str:
        return " or ".join(self._parts)

    def _part(self, language: str, message: str, part: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(f"{language}/{message}.{part}{self.suffix}").render(values)


def _line_of(error: Exception, file: Path) -> int:
    """Return the template's line: Jinja2 rewrites the traceback to the template's own file."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == str(file):
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _wider(locale: str) -> tuple[str, ...]:
    if not _LOCALE.fullmatch(locale):
        return ()
    parts = locale.split("-")
    return tuple("-".join(parts[:count]) for count in range(len(parts), 0, -1))


class _Clocks:
    """Tells times as the clocks of one place show them."""

    def __init__(self, zone: str) -> None:
        self._zone: tzinfo = UTC if zone == "UTC" else ZoneInfo(zone)
        self.name = zone.rpartition("/")[2].replace("_", " ")

    def clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%H:%M}"

    def day(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d}"


def one_line(text: str, *, longest: int = 120) -> str:
    """Return *text* as one harmless line: no controls, nothing that changes direction, at most *longest* characters.

    >>> one_line("Shop" + chr(13) + chr(10) + "Bcc: all@example.org")
    'Shop Bcc: all@example.org'
    >>> one_line("x" * 10_000, longest=8)
    'xxxxxxx…'
    """
    # Four times as much as is kept is enough to read: a name of a megabyte costs nothing.
    start = text[: longest * 4]
    visible = start if start.isascii() and start.isprintable() else "".join(map(_harmless, start))
    line = " ".join(visible.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _harmless(character: str) -> str:
    if character in _DIRECTIONS:
        return ""
    if character in _JOINERS:
        return character
    # Cc: controls, Cf: invisible, Cs: half a character, Zl and Zp: line ends of another kind
    category = unicodedata.category(character)
    if category in {"Cf", "Cs"}:
        return ""
    return " " if category in {"Cc", "Zl", "Zp"} else character


def minutes_left(now: datetime, until: datetime) -> int:
    """Return for how many whole minutes the link still works; a part of the last minute counts as none.

    >>> from datetime import UTC
    >>> noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    >>> minutes_left(noon, noon + timedelta(seconds=119))
    1
    """
    return max(0, (until - now) // timedelta(minutes=1))


def check_link(link: str) -> None:
    """Raise Fault for what cannot stand in a message as an http or https address."""
    parts = urlsplit(link)
    if parts.scheme not in {"https", "http"} or not parts.netloc or any(c in link for c in ' \t\r\n"<>'):
        raise Fault("link_invalid", "expected an http or https address as the link, found something else")
