"""The address that a browser goes back to, with what the client is told (RFC 6749 section 4.1.2, RFC 9207)."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

__all__ = ["response_address"]


def response_address(redirect_uri: str, members: Mapping[str, str], *, state: str | None, issuer: str) -> str:
    """Return *redirect_uri* with *members*, ``state`` as it was sent, and ``iss`` beside a query of its own.

    >>> response_address("https://app.example/back?a=1", {"code": "c"}, state=None, issuer="https://op.example")
    'https://app.example/back?a=1&code=c&iss=https%3A%2F%2Fop.example'
    """
    told = {**members, **({} if state is None else {"state": state}), "iss": issuer}
    parts = urlsplit(redirect_uri)
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
