"""What a gateway is to be sent, as the operator wrote it down: method, address, headers and body with placeholders.

Placeholders are Jinja2 in its immutable sandbox: ``{{ to }}`` (E.164), ``{{ text }}``, ``{{ key }}`` (the same at each
try of one message), ``{{ user }}`` and ``{{ secret }}`` (for gateways that want them in the body). Values can bend
nothing: in the address they are percent-encoded, JSON and forms are built from the parts after they are filled in.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_SAMPLES: Final = (("+15005550006", "a text", "key-1"), ("+4915112345678", "äöü € & ?=", "key-2"))
# Ours: the client sets them from the address and the body.
_NOT_YOURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How the gateway knows us: ``basic``, ``bearer``, a ``header`` of that name, or ``none``."""

    kind: Literal["none", "basic", "bearer", "header"] = "none"
    user: str = ""
    secret: str = field(default="", repr=False)
    header: str = ""

    def headers(self) -> Mapping[str, str]:
        """Return the header that shows who we are."""
        match self.kind:
            case "none":
                return {}
            case "basic":
                pair = base64.b64encode(f"{self.user}:{self.secret}".encode()).decode("ascii")
                return {"authorization": f"Basic {pair}"}
            case "bearer":
                return {"authorization": f"Bearer {self.secret}"}
            case "header":
                return {self.header.lower(): self.secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsRequest:
    """One request, ready to be sent."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class RequestTemplate:
    """Makes requests. ValueError, when it is made, for what cannot work: the message begins with the setting's name."""

    def __init__(
        self,
        *,
        url: str,
        method: Literal["POST", "PUT", "GET"] = "POST",
        form: Literal["json", "form"] = "json",
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        authentication: Authentication | None = None,
        idempotency_header: str = "",
    ) -> None:
        plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        encoding = plain.overlay(finalize=lambda value: quote(str(value), safe=""))
        self._method, self._form = method, form
        self._authentication = authentication or Authentication()
        self._url = _compiled(encoding, "url", url)
        own = {**(headers or {}), **({idempotency_header: "{{ key }}"} if idempotency_header else {})}
        self._headers = {name.lower(): _compiled(plain, f"headers.{name}", text) for name, text in own.items()}
        self._body = _compiled(plain, "body", dict(body or {}))
        self._origin = ""
        self._check()

    def __repr__(self) -> str:
        return f"RequestTemplate({self._method} {self._origin})"

    @property
    def origin(self) -> str:
        """Where every request goes: scheme, host and port."""
        return self._origin

    def fill(self, *, to: str, text: str, key: str) -> SmsRequest:
        """Return the request for one message: always the same for the same arguments."""
        values = {"to": to, "key": key, "user": self._authentication.user, "secret": self._authentication.secret}
        headers = {name: _filled(f"headers.{name}", part, values) for name, part in self._headers.items()}
        values["text"] = text
        body, kind = self._content(values)
        if body:
            headers = {"content-type": kind, **headers}
        accept = {"accept": "application/json, text/plain;q=0.5"}
        return SmsRequest(
            method=self._method,
            url=_filled("url", self._url, values),
            headers={**accept, **headers, **self._authentication.headers()},
            body=body,
        )

    def _content(self, values: Mapping[str, str]) -> tuple[bytes, str]:
        if self._method == "GET":
            return b"", ""
        filled = _filled("body", self._body, values)
        if self._form == "form":
            return urlencode(filled, doseq=True).encode("ascii"), "application/x-www-form-urlencoded"
        return json.dumps(filled, ensure_ascii=False).encode(), "application/json"

    def _check(self) -> None:
        if self._form == "form" and any(isinstance(part, dict) for part in self._body.values()):
            raise ValueError('body: expected texts, or lists of them, for a form; use format = "json" for tables')
        origins = set()
        for to, text, key in _SAMPLES:
            request = self.fill(to=to, text=text, key=key)
            parts = urlsplit(request.url)
            if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_port(parts):
                raise ValueError('url: expected an address such as "https://gateway.example/send"')
            origins.add(f"{parts.scheme}://{parts.netloc}")
            for name, value in request.headers.items():
                _check_header(name, value)
        if len(origins) != 1:
            raise ValueError("url: expected the same host for every message; placeholders stand after it")
        self._origin = origins.pop()


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or name in _NOT_YOURS:
        raise ValueError(f"headers: expected the name of a header that may be set, found {name!r}")
    if not _HEADER_VALUE.fullmatch(value):  # the value may be a secret: it is not shown
        raise ValueError(f"headers.{name}: expected printable ASCII")


def _compiled(environment: ImmutableSandboxedEnvironment, place: str, part: Any) -> Any:
    """Return *part* with each text in it made a template."""
    match part:
        case str():
            try:
                return environment.from_string(part)
            except TemplateError as error:
                raise ValueError(f"{place}: {error.message}; placeholders are written {{{{ to }}}}") from error
        case dict():
            return {str(name): _compiled(environment, f"{place}.{name}", inner) for name, inner in part.items()}
        case list() | tuple():
            return [_compiled(environment, f"{place}.{index}", inner) for index, inner in enumerate(part)]
        case bool() | int() | float():
            return part
        case _:
            raise ValueError(f"{place}: expected a text, a number, a list or a table")


def _filled(place: str, part: Any, values: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {name: _filled(f"{place}.{name}", inner, values) for name, inner in part.items()}
    if isinstance(part, list):
        return [_filled(f"{place}.{index}", inner, values) for index, inner in enumerate(part)]
    if not isinstance(part, Template):
        return part
    try:
        return part.render(values)
    except TemplateError as error:
        raise ValueError(f"{place}: {error.message}; there are: {', '.join(values)}") from error
    except Exception as error:
        raise ValueError(f"{place}: expected placeholders, found what fails with {type(error).__name__}") from error
