"""What the network and the clock are asked to do, as values: conversations yield them, the shells do them."""

import email.utils
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")
# A provider that is not there is found out soon, however long an answer may be held back.
LONGEST_CONNECT: Final = 10.0
BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})


class Ring(Protocol):
    """What a bell calls."""

    def __call__(self) -> object:
        """Wake whoever rests."""
        ...


class Bell(Protocol):
    """Rings when there is news; a rest beside it ends then."""

    def hang(self, ring: Ring) -> None:
        """Call *ring* when there is news, at once if there is some already. It may be called from any thread."""
        ...

    def unhang(self, ring: Ring) -> None:
        """Call *ring* no more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request. ``seconds`` is how long its answer may take."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A pause, which news at the *bell* ends early."""

    seconds: float
    bell: Bell | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; names of headers in small letters."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)

    def told(self) -> dict[str, Any]:
        """Return the JSON object inside, empty where there is none."""
        try:
            told = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}

    def retry_after(self) -> float | None:
        """Return the seconds of Retry-After (RFC 9110 section 10.2.3); a date counts from the answer's own.

        >>> Answer(status=503, headers={"retry-after": "7"}).retry_after()
        7.0
        """
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdecimal():
            return min(float(text), 86_400.0)
        then, now = _moment(text), _moment(self.headers.get("date", ""))
        return None if then is None or now is None else max(then - now, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No answer came: ``cause`` is the kind of error, never its text, which may hold an address with a secret."""

    cause: str


@dataclass(frozen=True, slots=True)
class Rested:
    """A pause is over."""


Heard = Answer | Lost
Steps = Generator[Call | Rest, Heard | Rested, T]


def send(call: Call) -> Steps[Heard]:
    """Have *call* sent once, and return what came of it."""
    heard = yield call
    if isinstance(heard, Rested):
        raise TypeError("a shell answered a call with a rest")
    return heard


def rest(seconds: float, bell: Bell | None = None) -> Steps[None]:
    """Have nothing done for *seconds*, or until *bell* rings."""
    if seconds > 0:
        yield Rest(seconds=seconds, bell=bell)


def form(pairs: Sequence[tuple[str, str]]) -> bytes:
    """Return *pairs* as the body of a form."""
    return urlencode(pairs).encode()


def _moment(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None
