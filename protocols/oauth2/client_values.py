"""What single values of a client's registration may be: addresses, spans of time, patterns."""

import re
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

__all__ = ["any_of", "is_called_address", "is_https_address", "is_pattern", "is_resource", "is_span"]

_LONGEST_ADDRESS = 2048
_ADDRESS = re.compile(r"[\x21-\x7e]+", re.ASCII)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_https_address(address: str | None) -> bool:
    """Say whether *address* is https with a host, without fragment and user name; None passes.

    >>> is_https_address("https://shop.example/notify"), is_https_address("http://shop.example/notify")
    (True, False)
    """
    return address is None or _is_address(address, "https", hosts=None)


def is_called_address(address: str | None) -> bool:
    """Say whether an operator may have us call *address*: https, or http on this machine; None passes.

    Whether it is called in the end is for the settings to say (``outgoing.allowed``).
    """
    return is_https_address(address) or (address is not None and _is_address(address, "http", hosts=_LOOPBACK))


def is_resource(address: str | None) -> bool:
    """Say whether *address* is absolute and without fragment (RFC 8707 section 2); None passes."""
    if address is None:
        return True
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and "#" not in address and address.isprintable()


def is_span(span: timedelta | None, low: int, high: int) -> bool:
    """Say whether *span* is from *low* to *high* whole seconds; None passes."""
    return span is None or (low <= span.total_seconds() <= high and span.microseconds == 0)


def is_pattern(pattern: str | None) -> bool:
    """Say whether *pattern* is a regular expression; None passes."""
    try:
        re.compile(pattern or "")
    except re.error:
        return False
    return True


def any_of(names: Sequence[str], otherwise: str) -> str:
    """Return what is expected where none or one of *names* may stand, or *otherwise* where there are none."""
    return f"none or one of {', '.join(names)}" if names else otherwise


def _is_address(address: str, scheme: str, *, hosts: frozenset[str] | None) -> bool:
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    known = bool(host) and (hosts is None or host in hosts)
    return parts.scheme == scheme and known and "#" not in address and parts.username is None
