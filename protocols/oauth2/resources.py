"""Resource indicators (RFC 8707): which APIs a token is asked for, and that nobody gets it for others than approved."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from protocols.oauth2.errors import OAuthError

__all__ = ["RESOURCE", "narrowed_resources", "parse_resources"]

RESOURCE = "resource"


def parse_resources(values: Sequence[str]) -> tuple[str, ...]:
    """Return the resources asked for, once each; raise ``invalid_target`` for what is no absolute URI.

    >>> parse_resources(["https://api.example/v1", "https://api.example/v1"])
    ('https://api.example/v1',)
    """
    if not all(_is_absolute(value) for value in values):
        raise _invalid("resource must be an absolute URI without a fragment")
    return tuple(dict.fromkeys(values))


def narrowed_resources(asked: Sequence[str], *, granted: tuple[str, ...], default: str) -> tuple[str, ...]:
    """Return the resources that one access token is for: those *asked* for, all granted where none is named.

    Raises ``invalid_target`` for one that was not granted; a grant without resources is one for *default*.
    """
    wanted = parse_resources(asked)
    if not set(wanted) <= set(granted or (default,)):
        raise _invalid("a resource was not approved: ask for those of the request only")
    return wanted or granted


def _is_absolute(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and "#" not in value and _is_plain(value)


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_target", description)
