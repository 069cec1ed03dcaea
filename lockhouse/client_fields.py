"""What an operator writes about a client, on the command line and in a file: one table of keys for both."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal

from protocols.oauth2 import (
    ALGORITHMS,
    AUTH_METHODS,
    DELIVERY_MODES,
    INTERACTIVE_GRANTS,
    KEY_ALGORITHMS,
    OFFLINE,
    PROFILES,
    REFRESH_GRANT,
    SUBJECT_TYPES,
    TOKEN_FORMATS,
    ClientInvalid,
    NewClient,
)

__all__ = ["FIELDS", "LIMITS", "ClientField", "client_with", "key_of", "values_of"]

Kind = Literal["text", "texts", "flag", "count", "seconds", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientField:
    """One thing that an operator may say of a client. ``setting`` is what ``NewClient`` calls it.

    ``kind`` of a span is seconds, of a key set the name of a file; ``low`` and ``high`` bound numbers.
    """

    key: str
    setting: str
    kind: Kind
    says: str
    choices: tuple[str, ...] = ()
    low: int = 1
    high: int | None = None

    @property
    def option(self) -> str:
        """The option of the command line: one for each of several texts."""
        return f"--{(self.key.removesuffix('s') if self.kind == 'texts' else self.key).replace('_', '-')}"


# What operators write for the grants in which somebody is asked: the last part of the name, with CIBA's first.
GRANT_WORDS: Final = {
    **{name.rpartition(":")[2]: (name,) for name in sorted(INTERACTIVE_GRANTS, reverse=True)},
    "none": (),
}


def _text(key: str, says: str, *, setting: str = "", choices: tuple[str, ...] = ()) -> ClientField:
    return ClientField(key=key, setting=setting or key, kind="text", says=says, choices=choices)


def _flag(key: str, says: str, *, setting: str = "") -> ClientField:
    return ClientField(key=key, setting=setting or key, kind="flag", says=says)


FIELDS: Final = (
    _text("name", "What people read; the id if left out."),
    _text("mode", "How it learns the outcome.", setting="delivery_mode", choices=DELIVERY_MODES),
    _text("notification_endpoint", "Where ping and push go."),
    ClientField(key="scopes", setting="scopes", kind="texts", says="A scope that it may ask for."),
    ClientField(
        key="grants",
        setting="grant_types",
        kind="texts",
        says="How it has people asked; the first if left out.",
        choices=tuple(GRANT_WORDS),
    ),
    ClientField(key="redirect_uris", setting="redirect_uris", kind="texts", says="Where a browser is sent back to."),
    _flag("refresh", "It may ask for offline_access, and then gets refresh tokens.", setting="grant_types"),
    _flag("rotate_refresh", "Each of its refresh tokens is replaced when it is used.", setting="rotates_refresh"),
    _text("auth_method", "How it proves itself; by its secret, anyhow, if left out.", choices=AUTH_METHODS),
    _text("auth_alg", "What it signs with, for private_key_jwt and client_secret_jwt."),
    ClientField(key="jwks", setting="jwks", kind="file", says="Its public keys (a JWKS); its certificates as x5c."),
    _text("jwks_uri", "Where it publishes its keys instead."),
    _text("tls_subject_dn", "The subject of its certificate, for tls_client_auth, as RFC 4514 writes it."),
    _text("tls_san_dns", "A host's name in its certificate, instead."),
    _text("tls_san_uri", "An address in its certificate, instead."),
    _text("tls_san_ip", "An IP address in its certificate, instead."),
    _text("tls_san_email", "An e-mail address in its certificate, instead."),
    _flag("certificate_bound", "Its access tokens are bound to the certificate that it connects with."),
    _flag("dpop_bound", "Its access tokens are bound to a key by DPoP; it always sends proofs."),
    _text("request_alg", "What it signs its requests with; from then on it must.", choices=KEY_ALGORITHMS),
    _text("id_token_alg", "What its ID tokens are signed with; ours if left out.", choices=tuple(ALGORITHMS)),
    _text("token_format", "What its access tokens are.", choices=TOKEN_FORMATS),
    _text("subject_type", "Whether each sector knows people by names of its own.", choices=SUBJECT_TYPES),
    _text("sector", "The host that its pairwise subjects belong to."),
    _flag("user_code", "It asks people for their user code.", setting="takes_user_code"),
    _flag("agent", "It acts for people by itself, and its tokens say so."),
    _text("profile", "What it must keep to, where that is more than ciba.profile.", choices=tuple(PROFILES)),
    _text("resource", "The API that it is: it may introspect tokens meant for it."),
    ClientField(key="interval", setting="interval", kind="seconds", says="Seconds between its polls.", high=60),
    ClientField(
        key="max_expiry", setting="max_expiry", kind="seconds", says="Longest life of its requests.", high=259_200
    ),
    ClientField(
        key="binding_max", setting="binding_max", kind="count", says="Longest binding_message, in characters.", high=256
    ),
    _text("binding_pattern", "A regular expression that its binding_message matches as a whole."),
)
LIMITS: Final = (
    ClientField(key="pair_pending", setting="pair_pending", kind="count", says="Its open requests for one person."),
    ClientField(key="pair_minute", setting="pair_minute", kind="count", says="Its requests a minute for one person."),
    ClientField(
        key="person_pending", setting="person_pending", kind="count", says="Open requests that one person may have."
    ),
    ClientField(key="person_minute", setting="person_minute", kind="count", says="Requests a minute for one person."),
    ClientField(key="client_pending", setting="client_pending", kind="count", says="Its open requests altogether."),
)
_LIMIT_KEYS = frozenset(field.key for field in LIMITS)
_TOGETHER = frozenset({"grants", "refresh", "scopes"})
_DEFAULTS = NewClient(client_id="default")


def client_with(values: Mapping[str, Any], base: NewClient) -> NewClient:
    """Return *base* with *values* by their keys; None sets a key back to its default. Limits stand among the others.

    Raises ClientInvalid for a grant that there is not.
    """
    changed: dict[str, Any] = {}
    for field in FIELDS:
        if field.key in values and field.key not in _TOGETHER:
            changed[field.setting] = _set(field, values[field.key])
    limits = {key: value for key, value in values.items() if key in _LIMIT_KEYS}
    return replace(base, **changed, **_granted(values, base), limits=replace(base.limits, **limits))


def values_of(client: NewClient) -> dict[str, Any]:
    """Return what an operator would write to get *client*: only what is not the default, limits by themselves."""
    written = {field.key: _written(field, client) for field in FIELDS}
    default = {field.key: _written(field, _DEFAULTS) for field in FIELDS}
    default["name"] = client.client_id
    found = {key: value for key, value in written.items() if value not in (default[key], "", [])}
    limits = {key: value for key, value in asdict(client.limits).items() if value is not None}
    return {**found, **({"limits": limits} if limits else {})}


def key_of(setting: str) -> str:
    """Return what an operator calls a *setting* of ``NewClient``.

    >>> key_of("delivery_mode")
    'mode'
    """
    return next((field.key for field in FIELDS if field.setting == setting), setting)


def _granted(values: Mapping[str, Any], base: NewClient) -> dict[str, Any]:
    """Return scopes and grant types, which hang together: who refreshes may ask for offline_access."""
    was = REFRESH_GRANT in base.grant_types
    refresh = bool(values.get("refresh", was))
    scopes = values.get("scopes", base.scopes)
    kept = tuple(name for name in (_DEFAULTS.scopes if scopes is None else scopes) if name != OFFLINE or not was)
    words = values.get("grants", _grant_words(base))
    words = _grant_words(_DEFAULTS) if words is None else words
    if unknown := [word for word in words if word not in GRANT_WORDS]:
        raise ClientInvalid("grant_types", f"of {', '.join(GRANT_WORDS)}, found {', '.join(unknown)}")
    asked = {name for word in words for name in GRANT_WORDS[word]}
    return {
        "scopes": tuple(dict.fromkeys((*kept, OFFLINE))) if refresh else kept,
        "grant_types": tuple(sorted(asked | ({REFRESH_GRANT} if refresh else set()))),
    }


def _grant_words(client: NewClient) -> list[str]:
    return [word for word, names in GRANT_WORDS.items() if names and set(names) <= set(client.grant_types)]


def _set(field: ClientField, value: Any) -> Any:
    if value is None:
        return getattr(_DEFAULTS, field.setting)
    return timedelta(seconds=value) if field.kind == "seconds" else value


def _written(field: ClientField, client: NewClient) -> Any:
    value = getattr(client, field.setting)
    if field.key == "refresh":
        return REFRESH_GRANT in client.grant_types
    if field.key == "grants":
        return _grant_words(client) or ["none"]
    if field.key == "scopes":
        hidden = OFFLINE if REFRESH_GRANT in client.grant_types else None
        return [name for name in value if name != hidden]
    if field.key == "sector" and value == replace(client, sector=None).pairwise_sector:
        return None  # it follows from the other values
    if field.kind == "texts":
        return list(value)
    return int(value.total_seconds()) if isinstance(value, timedelta) else value
