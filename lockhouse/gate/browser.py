"""What ties a browser to its forms: the cookie, the CSRF token bound to it, and the rule about Origin.

Pure, but for drawing a new cookie. ciba.md "Link, landing page, browser".
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping

from starlette.responses import Response

from lockhouse.gate.settings import GateSettings

__all__ = [
    "Mac",
    "cookie_name",
    "csrf_passes",
    "csrf_token",
    "fingerprint",
    "new_cookie",
    "origin_passes",
    "read_cookie",
    "set_cookie",
]

Mac = Callable[[str, bytes], bytes]
"""A keyed hash under a label: `Keyring.mac`."""

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(settings: GateSettings) -> str:
    """Return the cookie's name; the `__Host-` prefix makes browsers keep it to this host, path / and https."""
    return "__Host-lockhouse" if settings.secure else "lockhouse"


def new_cookie() -> str:
    """Return 32 random bytes as text."""
    return secrets.token_urlsafe(32)


def read_cookie(cookies: Mapping[str, str], settings: GateSettings) -> str | None:
    """Return our cookie if it has the shape of one that we set."""
    value = cookies.get(cookie_name(settings), "")
    return value if _COOKIE.fullmatch(value) else None


def set_cookie(response: Response, value: str, settings: GateSettings) -> None:
    """Hand *value* to the browser, until it is closed."""
    response.set_cookie(cookie_name(settings), value, path="/", secure=settings.secure, httponly=True, samesite="lax")


def fingerprint(random_text: str) -> bytes:
    """Return how a random value (cookie, link) is kept: its SHA-256 (ciba.md "Storage": hashed).

    >>> fingerprint("abc").hex()[:8]
    'ba7816bf'
    """
    return hashlib.sha256(random_text.encode()).digest()


def csrf_token(mac: Mac, cookie: str) -> str:
    """Return the token that forms shown to the holder of *cookie* carry."""
    return base64.urlsafe_b64encode(mac("gate.csrf", cookie.encode())).decode().rstrip("=")


def csrf_passes(mac: Mac, cookie: str | None, token: str) -> bool:
    """Say whether *token* is the one of *cookie*; a browser without a cookie has none."""
    return cookie is not None and hmac.compare_digest(csrf_token(mac, cookie).encode(), token.encode())


def origin_passes(headers: Mapping[str, str], ours: str) -> bool:
    """Say whether a POST may come from where its headers say.

    Origin must be *ours*. Absent or `null` (privacy settings, old engines) passes only where the browser itself
    vouches by Sec-Fetch-Site; the CSRF token is asked for in either case.

    >>> origin_passes({"origin": "https://id.example"}, "https://id.example"), origin_passes({}, "https://id.example")
    (True, False)
    """
    origin = headers.get("origin", "null")
    if origin != "null":
        return origin == ours
    return headers.get("sec-fetch-site") == "same-origin"
