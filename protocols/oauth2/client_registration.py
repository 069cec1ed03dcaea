"""What a client is registered with, and what of that cannot be: the same rules for every way to register one.

What one deployment allows beyond that (its scopes, its keys, its profile) is ``protocols.oauth2.client_policy``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from protocols.oauth2.certificate_checks import SUBJECT_KINDS, CertificateSubject
from protocols.oauth2.client_assertions import KEY_ALGORITHMS, SECRET_ALGORITHMS
from protocols.oauth2.client_values import any_of, is_called_address, is_pattern, is_resource, is_span
from protocols.oauth2.key_pairs import ALGORITHMS
from protocols.oauth2.key_sets import KeySetInvalid, parse_key_set

CIBA_GRANT = "urn:openid:params:grant-type:ciba"
REFRESH_GRANT = "refresh_token"
CODE_GRANT = "authorization_code"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = (CIBA_GRANT, CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT)
INTERACTIVE_GRANTS = frozenset(GRANT_TYPES) - {REFRESH_GRANT}  # those in which somebody is asked
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
TLS_CLIENT_AUTH, SELF_SIGNED = TLS_METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
KEY_METHODS = ("private_key_jwt", *TLS_METHODS)  # those in which nothing that is secret is shared
AUTH_METHODS = (*SECRET_METHODS, "client_secret_jwt", *KEY_METHODS)
DELIVERY_MODES = ("poll", "ping", "push")
SUBJECT_TYPES = ("public", "pairwise")
TOKEN_FORMATS = ("jwt", "opaque")
NAME_LIMIT = 80  # what the flows' texts have room for
_NOTIFIED = ("ping", "push")
_KEYED = ("private_key_jwt", SELF_SIGNED)  # who proves by them that its registered keys are its own
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)
_SECRET = re.compile(r"[\x20-\x7e]{1,512}", re.ASCII)
_HOST = re.compile(r"[a-z0-9.:\[\]_-]{1,253}", re.ASCII)
_LEAST_HMAC_BYTES = 32  # RFC 7518 section 3.2: a key as long as the hash
_AUTH_ALGS = MappingProxyType({"private_key_jwt": KEY_ALGORITHMS, "client_secret_jwt": SECRET_ALGORITHMS})
_SECRETS = MappingProxyType(
    {
        "client_secret_post": "1 to 512 printable ASCII characters",
        "client_secret_jwt": f"{_LEAST_HMAC_BYTES} to 512 printable ASCII characters",
        **dict.fromkeys(KEY_METHODS, "none: this client proves itself by its keys"),
    }
)


class ClientInvalid(ValueError):
    """A setting of a client is not acceptable. ``setting`` names it, ``expected`` says what it may be."""

    code = "client_invalid"

    def __init__(self, setting: str, expected: str) -> None:
        self.setting, self.expected = setting, expected
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

    ``private_key_jwt`` has no secret but ``jwks`` (a key set as JSON) or ``jwks_uri``, and so has
    ``self_signed_tls_client_auth``, with its certificates as ``x5c``. For ``tls_client_auth`` exactly one of
    ``tls_subject_dn`` and the four alternative names says whom its certificate names. ``certificate_bound`` and
    ``dpop_bound`` bind its access tokens to its certificate or to its DPoP proofs. ``auth_alg`` fixes what its
    assertions are signed with. ``resource`` is the audience of the API that this client is: it may introspect the
    tokens that are meant for it. ``id_token_alg`` None leaves its ID tokens to the deployment's first algorithm.
    ``notification_endpoint`` is where ping and push go, ``request_alg`` what its request objects are signed with.
    ``sector`` is the host that pairwise subjects belong to, None the host of its keys or its notifications; ``agent``
    says that it acts for people by itself. ``details`` are only kept and handed back (RFC 7591 section 2).
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
    redirect_uris: Sequence[str] = ()
    tls_subject_dn: str | None = None
    tls_san_dns: str | None = None
    tls_san_uri: str | None = None
    tls_san_ip: str | None = None
    tls_san_email: str | None = None
    certificate_bound: bool = False
    dpop_bound: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pairwise_sector(self) -> str | None:
        """The sector that its pairwise subjects belong to, None where its subjects are public (requirements 14, 15)."""
        if self.subject_type != "pairwise":
            return None
        hosts = {urlsplit(source or "").hostname for source in self.sector_sources}
        return self.sector or (hosts.pop() if len(hosts) == 1 else None)

    @property
    def tls_subjects(self) -> Sequence[CertificateSubject]:
        """The names that its certificate has to carry: one for ``tls_client_auth``, else none."""
        names = {kind: getattr(self, f"tls_{kind}") for kind in SUBJECT_KINDS}
        return [CertificateSubject(kind, name) for kind, name in names.items() if name is not None]

    @property
    def sector_sources(self) -> Sequence[str | None]:
        """The addresses that say which sector it belongs to: of its keys or notifications, else of its redirects."""
        if CIBA_GRANT not in self.grant_types:
            return self.redirect_uris
        return (self.notification_endpoint if self.delivery_mode == "push" else self.jwks_uri,)

    def check(self, *, secret_kept: bool = False) -> None:
        """Raise ClientInvalid for the first setting that cannot be. With *secret_kept* its secret stays as it is."""
        secret = _SECRETS.get(self.auth_method or "", _SECRETS["client_secret_post"])
        if not (secret_kept and self.secret is None):
            _hold([("secret", self._has_its_secret(), secret)])
        _hold(self._common_checks())
        _hold(self._key_checks())
        _hold(self._certificate_checks())
        _hold(self._backchannel_checks())
        _hold(self._operator_checks())
        if self.jwks is not None:
            _check_keys(self.jwks, certificates=self.auth_method == SELF_SIGNED)

    def _common_checks(self) -> Sequence[tuple[str, bool, str]]:
        return (
            ("client_id", bool(_CLIENT_ID.fullmatch(self.client_id)), "1 to 128 characters of A-Z a-z 0-9 . _ ~ -"),
            ("name", len(self.name) <= NAME_LIMIT, f"at most {NAME_LIMIT} characters"),
            ("name", self.name.isprintable(), "printable characters only"),
            ("scopes", "openid" in self.scopes, "openid among them"),
            ("auth_method", self.auth_method in (None, *AUTH_METHODS), f"none or one of {', '.join(AUTH_METHODS)}"),
            ("grant_types", set(self.grant_types) <= set(GRANT_TYPES), f"of {' and '.join(GRANT_TYPES)}"),
            ("id_token_alg", self.id_token_alg in (None, *ALGORITHMS), f"none or one of {', '.join(ALGORITHMS)}"),
            ("resource", is_resource(self.resource), "an absolute address without fragment (RFC 8707 section 2)"),
            ("redirect_uris", all(map(is_called_address, self.redirect_uris)), "https addresses without fragment"),
            ("redirect_uris", CODE_GRANT not in self.grant_types or bool(self.redirect_uris), "at least one address"),
        )

    def _key_checks(self) -> Sequence[tuple[str, bool, str]]:
        algs, signs = _AUTH_ALGS.get(self.auth_method or "", ()), self.auth_method in _KEYED
        given = sum(found is not None for found in (self.jwks, self.jwks_uri))
        needed = "a key set or jwks_uri, one of them: what it signs is checked with its keys"
        return (
            ("request_alg", self.request_alg in (None, *KEY_ALGORITHMS), any_of(KEY_ALGORITHMS, "none")),
            ("jwks", given <= 1, "a key set or jwks_uri, not both (RFC 7591 section 2)"),
            ("jwks", given == 1 or not (signs or self.request_alg), needed),
            ("jwks_uri", is_called_address(self.jwks_uri), "an https address without fragment"),
            ("auth_alg", self.auth_alg in (None, *algs), any_of(algs, "none: this client signs no assertions")),
        )

    def _backchannel_checks(self) -> Sequence[tuple[str, bool, str]]:
        """Return what CIBA Core section 4 demands (requirements 8 to 15)."""
        told, pairwise = self.delivery_mode in _NOTIFIED, self.subject_type == "pairwise"
        endpoint, polls = self.notification_endpoint, self.delivery_mode != "push" and CIBA_GRANT in self.grant_types
        asks = CIBA_GRANT in self.grant_types
        keyed, sectored = self.auth_method in _KEYED or not asks, asks or self.pairwise_sector is not None
        return (
            ("notification_endpoint", not told or endpoint is not None, "an https address: ping and push go there"),
            ("notification_endpoint", told or endpoint is None, "none: a poll client is not notified"),
            ("notification_endpoint", is_called_address(endpoint), "an https address without fragment"),
            ("grant_types", self.delivery_mode == "poll" or CIBA_GRANT in self.grant_types, f"{CIBA_GRANT} among them"),
            ("delivery_mode", self.delivery_mode in DELIVERY_MODES, " or ".join(DELIVERY_MODES)),
            ("subject_type", self.subject_type in SUBJECT_TYPES, " or ".join(SUBJECT_TYPES)),
            ("jwks_uri", not (pairwise and polls) or self.jwks_uri is not None, "an https address: it is the sector"),
            ("auth_method", not pairwise or keyed, f"{' or '.join(_KEYED)}: pairwise subjects need proof of the keys"),
            ("sector", self.sector is None or bool(_HOST.fullmatch(self.sector)), "a host's name in lower case"),
            ("sector", not pairwise or sectored, "a host's name: its addresses are on several hosts, or on none"),
            ("sector", pairwise or self.sector is None, "none: only pairwise subjects have a sector"),
        )

    def _certificate_checks(self) -> Sequence[tuple[str, bool, str]]:
        """Return what RFC 8705 section 2.1.2 demands, and that a token can be bound to one key only."""
        named, found = self.auth_method == TLS_CLIENT_AUTH, self.tls_subjects
        first = f"tls_{found[0].kind}" if found else "tls_subject_dn"
        kinds = ", ".join(f"tls_{kind}" for kind in SUBJECT_KINDS)
        return (
            (first, len(found) == 1 or not named, f"exactly one of {kinds}: tls_client_auth goes by that name"),
            (first, named or not found, "none: only tls_client_auth goes by a name in the certificate"),
            *((f"tls_{each.kind}", each.is_readable(), SUBJECT_KINDS[each.kind]) for each in found),
            ("dpop_bound", not (self.dpop_bound and self.certificate_bound), "off, or certificate_bound off"),
        )

    def _operator_checks(self) -> Sequence[tuple[str, bool, str]]:
        return (
            ("interval", is_span(self.interval, 1, 60), "1 to 60 seconds"),
            ("max_expiry", is_span(self.max_expiry, 1, 72 * 3600), "1 second to 72 hours"),
            ("binding_max", self.binding_max is None or 1 <= self.binding_max <= 256, "1 to 256"),
            ("binding_pattern", is_pattern(self.binding_pattern), "a regular expression"),
            ("token_format", self.token_format in TOKEN_FORMATS, " or ".join(TOKEN_FORMATS)),
        )

    def _has_its_secret(self) -> bool:
        if self.auth_method in KEY_METHODS:
            return self.secret is None
        least = _LEAST_HMAC_BYTES if self.auth_method == "client_secret_jwt" else 1
        return self.secret is not None and bool(_SECRET.fullmatch(self.secret)) and len(self.secret) >= least


def _hold(checks: Sequence[tuple[str, bool, str]]) -> None:
    for setting, holds, expected in checks:
        if not holds:
            raise ClientInvalid(setting, expected)


def _check_keys(jwks: str, *, certificates: bool) -> None:
    try:
        found = parse_key_set(jwks)
    except KeySetInvalid as error:
        raise ClientInvalid("jwks", str(error).removeprefix("expected ")) from error
    if certificates and not found.certificates:
        raise ClientInvalid("jwks", "at least one key with its certificate as x5c: self_signed_tls_client_auth is it")
    if not (certificates or found.keys):
        raise ClientInvalid("jwks", f"at least one key for {', '.join(KEY_ALGORITHMS)}")
