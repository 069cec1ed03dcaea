"""What a client is registered with, and what of that cannot be: the same rules for the command line and the API."""

import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

from protocols.oauth2.client_assertions import KEY_ALGORITHMS, SECRET_ALGORITHMS
from protocols.oauth2.key_pairs import ALGORITHMS
from protocols.oauth2.key_sets import KeySetInvalid, parse_key_set

CIBA_GRANT = "urn:openid:params:grant-type:ciba"
REFRESH_GRANT = "refresh_token"
GRANT_TYPES = (CIBA_GRANT, REFRESH_GRANT)
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
AUTH_METHODS = (*SECRET_METHODS, "client_secret_jwt", "private_key_jwt")
DELIVERY_MODES = ("poll",)
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)
_SECRET = re.compile(r"[\x20-\x7e]{1,512}", re.ASCII)
NAME_LIMIT = 80  # what the flows' texts have room for
_STRONG_BITS = 128
_LEAST_HMAC_BYTES = 32  # RFC 7518 section 3.2: a key as long as the hash
_AUTH_ALGS = MappingProxyType({"private_key_jwt": KEY_ALGORITHMS, "client_secret_jwt": SECRET_ALGORITHMS})
_SECRETS = MappingProxyType(
    {
        "client_secret_post": "1 to 512 printable ASCII characters",
        "client_secret_jwt": f"{_LEAST_HMAC_BYTES} to 512 printable ASCII characters",
        "private_key_jwt": "none: this client proves itself by its keys",
    }
)


class ClientInvalid(ValueError):
    """A setting of a new client is not acceptable. ``setting`` names it."""

    code = "client_invalid"

    def __init__(self, setting: str, expected: str) -> None:
        self.setting = setting
        super().__init__(f"{setting}: expected {expected}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """What an operator set for one client in place of the deployment's limits; None leaves the deployment's."""

    pair_pending: int | None = None
    pair_minute: int | None = None
    person_pending: int | None = None
    person_minute: int | None = None
    client_pending: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A client to be registered. ``auth_method`` None lets it use its secret by Basic or in the form.

    ``private_key_jwt`` has no secret but ``jwks`` (a key set as JSON) or ``jwks_uri``. ``auth_alg`` fixes what its
    assertions are signed with. ``resource`` is the audience of the API that this client is: it may introspect the
    tokens that are meant for it. ``id_token_alg`` None leaves its ID tokens to the deployment's first algorithm.
    ``notification_endpoint`` is where ping and push go, ``request_alg`` what its request objects are signed with.
    ``sector`` is the host that pairwise subjects belong to; ``agent`` says that it acts for people by itself.
    """

    client_id: str
    secret: str | None = field(default=None, repr=False)
    name: str = ""
    delivery_mode: str = "poll"
    scopes: Sequence[str] = ("openid", "profile", "email", "phone")
    grant_types: Sequence[str] = (CIBA_GRANT,)
    interval: timedelta | None = None
    max_expiry: timedelta | None = None
    auth_method: str | None = None
    limits: ClientLimits = ClientLimits()
    binding_max: int | None = None
    binding_pattern: str | None = None
    id_token_alg: str | None = None
    jwks: str | None = None
    jwks_uri: str | None = None
    auth_alg: str | None = None
    resource: str | None = None
    rotates_refresh: bool = False
    notification_endpoint: str | None = None
    request_alg: str | None = None
    takes_user_code: bool = False
    subject_type: str = "public"
    sector: str | None = None
    token_format: str = "jwt"  # noqa: S105 - a format's name, no secret
    agent: bool = False
    profile: str | None = None

    def check(self) -> None:
        """Raise ClientInvalid for the first setting that cannot be."""
        checks = (
            ("client_id", bool(_CLIENT_ID.fullmatch(self.client_id)), "1 to 128 characters of A-Z a-z 0-9 . _ ~ -"),
            ("secret", self._has_its_secret(), _SECRETS.get(self.auth_method or "", _SECRETS["client_secret_post"])),
            ("name", len(self.name) <= NAME_LIMIT, f"at most {NAME_LIMIT} characters"),
            ("name", self.name.isprintable(), "printable characters only"),
            ("delivery_mode", self.delivery_mode in DELIVERY_MODES, " or ".join(DELIVERY_MODES)),
            ("scopes", "openid" in self.scopes, "openid among them"),
            ("auth_method", self.auth_method in (None, *AUTH_METHODS), f"none or one of {', '.join(AUTH_METHODS)}"),
            ("jwks", self._has_its_keys(), "a key set or jwks_uri, one of them, for private_key_jwt and nothing else"),
            ("jwks_uri", _is_address(self.jwks_uri), "an https address without fragment"),
            ("resource", _is_resource(self.resource), "an absolute address without fragment (RFC 8707 section 2)"),
            ("auth_alg", self.auth_alg in (None, *self._auth_algs()), _any_of(self._auth_algs())),
            ("grant_types", set(self.grant_types) <= set(GRANT_TYPES), f"of {' and '.join(GRANT_TYPES)}"),
            ("interval", _between(self.interval, 1, 60), "1 to 60 seconds"),
            ("max_expiry", _between(self.max_expiry, 1, 72 * 3600), "1 second to 72 hours"),
            ("binding_max", self.binding_max is None or 1 <= self.binding_max <= 256, "1 to 256"),
            ("binding_pattern", _is_pattern(self.binding_pattern), "a regular expression"),
            ("id_token_alg", self.id_token_alg in (None, *ALGORITHMS), f"none or one of {', '.join(ALGORITHMS)}"),
        )
        for setting, holds, expected in checks:
            if not holds:
                raise ClientInvalid(setting, expected)
        if self.jwks is not None:
            _check_keys(self.jwks)

    def _has_its_secret(self) -> bool:
        if self.auth_method == "private_key_jwt":
            return self.secret is None
        least = _LEAST_HMAC_BYTES if self.auth_method == "client_secret_jwt" else 1
        return self.secret is not None and bool(_SECRET.fullmatch(self.secret)) and len(self.secret) >= least

    def _has_its_keys(self) -> bool:
        given = sum(found is not None for found in (self.jwks, self.jwks_uri))
        return given == (1 if self.auth_method == "private_key_jwt" else 0)

    def _auth_algs(self) -> tuple[str, ...]:
        return _AUTH_ALGS.get(self.auth_method or "", ())


def mint_secret() -> str:
    """Return a new client secret of 256 bits that needs no escaping anywhere."""
    return secrets.token_urlsafe(32)


def secret_weakness(secret: str) -> str | None:
    """Return a warning for an operator's *secret* that may be guessed, or None.

    >>> secret_weakness("hunter2") is None
    False
    """
    kinds = sum(size for present, size in _alphabets(secret) if present)
    varied = min(len(secret), 4 * len(set(secret)))  # one character over and over is no long secret
    bits = varied * math.log2(kinds) if kinds > 1 else 0.0
    if bits >= _STRONG_BITS:
        return None
    return (
        f"this secret has at most about {bits:.0f} bits where {_STRONG_BITS} are wanted: leave it out to have one made"
    )


def _alphabets(secret: str) -> tuple[tuple[bool, int], ...]:
    return (
        (any(c.islower() for c in secret), 26),
        (any(c.isupper() for c in secret), 26),
        (any(c.isdigit() for c in secret), 10),
        (any(not c.isalnum() for c in secret), 33),
    )


def _between(span: timedelta | None, low: int, high: int) -> bool:
    return span is None or (low <= span.total_seconds() <= high and span.microseconds == 0)


def _is_pattern(pattern: str | None) -> bool:
    try:
        re.compile(pattern or "")
    except re.error:
        return False
    return True


def _is_address(address: str | None) -> bool:
    if address is None:
        return True
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    local = parts.scheme == "http" and host in {"localhost", "127.0.0.1", "::1"}
    return (parts.scheme == "https" or local) and bool(host) and not parts.fragment and not parts.username


def _is_resource(address: str | None) -> bool:
    if address is None:
        return True
    parts = urlsplit(address)
    return bool(parts.scheme and (parts.netloc or parts.path)) and "#" not in address and address.isprintable()


def _any_of(names: Sequence[str]) -> str:
    return f"none or one of {', '.join(names)}" if names else "none: this client signs nothing"


def _check_keys(jwks: str) -> None:
    try:
        keys = parse_key_set(jwks).keys
    except KeySetInvalid as error:
        raise ClientInvalid("jwks", str(error).removeprefix("expected ")) from error
    if not keys:
        raise ClientInvalid("jwks", f"at least one key for {', '.join(KEY_ALGORITHMS)}")
