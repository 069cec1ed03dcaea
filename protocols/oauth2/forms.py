"""Read a form body: media type, then size, then encoding, then repeats. What follows sees texts by name, once each."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from protocols.oauth2.errors import OAuthError, invalid_request

BODY_LIMIT = 64 * 1024
FIELD_LIMIT = 64
MEDIA_TYPE = "application/x-www-form-urlencoded"
# The only parameter that may come more than once (RFC 8707 section 2).
REPEATABLE = frozenset({"resource"})


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of one request. A parameter sent empty counts as omitted (RFC 6749 section 3.2)."""

    _values: dict[str, tuple[str, ...]]
    repeated: frozenset[str] = frozenset()

    def get(self, name: str) -> str | None:
        """Return the value of *name*, or None where it was not sent or sent empty."""
        values = self._values.get(name)
        return None if values is None else values[-1]

    def every(self, name: str) -> tuple[str, ...]:
        """Return all values of *name*, in their order: for what may come more than once."""
        return self._values.get(name, ())

    def require(self, name: str) -> str:
        """Return the value of *name*, or raise ``invalid_request`` that names it."""
        value = self.get(name)
        if value is None:
            raise invalid_request(f"{name} is required")
        return value

    def without(self, names: frozenset[str]) -> dict[str, tuple[str, ...]]:
        """Return all parameters but *names*, as for comparing two requests."""
        return {name: values for name, values in self._values.items() if name not in names}

    def refuse_repeats(self, allowed: frozenset[str] = REPEATABLE) -> None:
        """Raise ``invalid_request`` where a parameter other than *allowed* came twice (CIBA Core section 13)."""
        if self.repeated - allowed:
            raise invalid_request("a parameter was sent more than once; send each once")


def check_head(content_type: str | None, content_length: str | None) -> None:
    """Refuse by the headers alone what is no form, or is known to be too long, before a byte of it is read."""
    media, *parameters = (content_type or "").lower().replace(" ", "").replace('"', "").split(";")
    if media != MEDIA_TYPE:
        raise invalid_request(f"send a form: Content-Type {MEDIA_TYPE}")
    if any(parameter.startswith("charset=") and parameter != "charset=utf-8" for parameter in parameters):
        raise invalid_request("send the form in UTF-8")
    if content_length is not None and content_length.isdecimal() and int(content_length[:12]) > BODY_LIMIT:
        raise _too_long()


async def read_body(chunks: AsyncIterable[bytes]) -> bytes:
    """Return the whole body, giving up as soon as it is longer than a form may be."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > BODY_LIMIT:
            raise _too_long()
    return bytes(body)


def parse_form(body: bytes) -> Form:
    """Return the parameters in *body*, which must be UTF-8, also inside its percent-encoding (CIBA Core section 7.1).

    >>> parse_form(b"scope=openid&login_hint=").get("login_hint") is None
    True
    """
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=FIELD_LIMIT)
    except UnicodeDecodeError as error:
        raise invalid_request("the form is not valid UTF-8") from error
    except ValueError as error:
        raise invalid_request(f"more than {FIELD_LIMIT} parameters were sent") from error
    values: dict[str, tuple[str, ...]] = {}
    repeated = set()
    for name, value in pairs:
        if "\0" in name or "\0" in value:  # PostgreSQL cannot hold one, and no parameter has a use for it
            raise invalid_request("a parameter holds a NUL character")
        if name in values:
            repeated.add(name)
        values[name] = (*values.get(name, ()), value)
    sent = {name: tuple(filter(None, given)) for name, given in values.items()}
    return Form({name: given for name, given in sent.items() if given}, frozenset(repeated))


def _too_long() -> OAuthError:
    return invalid_request(f"the body is longer than {BODY_LIMIT} bytes", status=413)
