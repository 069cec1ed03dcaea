"""Client metadata (RFC 7591 section 2, CIBA Core section 4) and what it means as a client of ours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from protocols.oauth2.client_policy import ClientPolicy
from protocols.oauth2.client_registration import (
    CIBA_GRANT,
    CODE_GRANT,
    INTERACTIVE_GRANTS,
    REFRESH_GRANT,
    ClientInvalid,
    NewClient,
)
from protocols.oauth2.client_values import is_https_address
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.metadata_members import ADDRESSES, FLAGS, SETTINGS, TEXTS, invalid_metadata, take_member
from protocols.oauth2.profiles import profile_of
from protocols.oauth2.scopes import STANDARD_SCOPES

__all__ = ["MEMBERS", "check_described", "describe_client", "metadata_of"]

# By the names that the settings of a client have with us.
MEMBERS: Mapping[str, str] = {
    **SETTINGS,
    **FLAGS,
    "scopes": "scope",
    "grant_types": "grant_types",
    "redirect_uris": "redirect_uris",
    "jwks": "jwks",
    "sector": "sector_identifier_uri",
}
# Asked for, they promise what this server cannot keep; to ignore them would leave a client less safe than it thinks.
_REFUSED = ("id_token_encrypted_response_alg", "userinfo_encrypted_response_alg")
_BASIC, _CODE = "client_secret_basic", "code"


def describe_client(metadata: Mapping[str, Any], base: NewClient, *, scopes: Sequence[str], profile: str) -> NewClient:
    """Return the client that *metadata* describes; what only an operator sets is as *base* has it.

    *scopes* are those that it may have, *profile* is the deployment's. Members that are unknown or an operator's are
    ignored. OAuthError: ``invalid_client_metadata``, ``invalid_redirect_uri``, ``unapproved_software_statement``.
    """
    _refuse_what_cannot_be(metadata)
    found = {setting: take_member(metadata, name, _kind_of(name)) for setting, name in SETTINGS.items()}
    found |= {setting: bool(take_member(metadata, name, "flag")) for setting, name in FLAGS.items()}
    keys = take_member(metadata, "jwks", "object")
    mode, details = found["delivery_mode"], _details(metadata)
    grants = _grant_types(metadata, mode)
    if found["auth_method"] is None and _BASIC not in profile_of(base, profile).auth_methods:
        found["auth_method"] = "private_key_jwt"  # RFC 7591 section 2: the server may choose where nothing is asked
    if CIBA_GRANT not in grants:
        found["delivery_mode"] = mode = "poll"  # nobody is told of what it never asks
    if mode is None:
        raise invalid_metadata(SETTINGS["delivery_mode"], "how the client learns the outcome (CIBA Core section 4)")
    return replace(
        base,
        **{**found, "name": found["name"] or base.client_id, "subject_type": found["subject_type"] or "public"},
        grant_types=grants,
        redirect_uris=_redirect_uris(metadata),
        jwks=None if keys is None else json.dumps(keys),
        scopes=_scopes(metadata, scopes),
        sector=urlsplit(details.get("sector_identifier_uri") or "").hostname,  # once its document says so, too
        details=details,
    )


def check_described(client: NewClient, policy: ClientPolicy, *, secret_kept: bool = False) -> None:
    """Raise ``invalid_client_metadata`` for what *policy* refuses, by the name that the client knows it by."""
    try:
        policy.check(client, secret_kept=secret_kept)
    except ClientInvalid as error:
        raise invalid_metadata(MEMBERS.get(error.setting, error.setting), error.expected) from error


def metadata_of(client: NewClient) -> dict[str, Any]:
    """Return what *client* is registered with, as RFC 7591 section 3.2.1 answers it."""
    told: dict[str, Any] = {member: getattr(client, setting) for setting, member in SETTINGS.items()}
    if CIBA_GRANT not in client.grant_types:
        del told[SETTINGS["delivery_mode"]]
    told |= {
        "token_endpoint_auth_method": client.auth_method or _BASIC,
        **{member: getattr(client, setting) for setting, member in FLAGS.items()},
        "grant_types": list(client.grant_types),
        "response_types": [_CODE] if CODE_GRANT in client.grant_types else [],
        "redirect_uris": list(client.redirect_uris) or None,
        "scope": " ".join(client.scopes),
        "jwks": None if client.jwks is None else json.loads(client.jwks),
        **client.details,
    }
    return {member: value for member, value in told.items() if value is not None}


def _refuse_what_cannot_be(metadata: Mapping[str, Any]) -> None:
    if "software_statement" in metadata:
        raise OAuthError("unapproved_software_statement", "software statements are not taken: send plain metadata")
    for member in _REFUSED:
        if metadata.get(member):
            raise invalid_metadata(member, "nothing: this server cannot do that")
    asked = take_member(metadata, "response_types", "list")
    wanted = [_CODE] if CODE_GRANT in (take_member(metadata, "grant_types", "list") or ()) else []
    if asked is not None and asked != wanted:
        raise invalid_metadata("response_types", f"what fits grant_types: {' '.join(wanted) or 'an empty list'}")


def _kind_of(member: str) -> str:
    return "https" if member in {"jwks_uri", SETTINGS["notification_endpoint"]} else "text"


def _grant_types(metadata: Mapping[str, Any], mode: str | None) -> tuple[str, ...]:
    asked = take_member(metadata, "grant_types", "list")
    if asked is None:
        return tuple(sorted((CIBA_GRANT, REFRESH_GRANT)))
    if mode == "push":
        asked = [CIBA_GRANT, *asked]  # it need not ask for what it never sends (requirement 12), but it is what it does
    needed = INTERACTIVE_GRANTS if mode is None else {CIBA_GRANT}
    if not needed & set(asked):
        raise invalid_metadata("grant_types", f"{' or '.join(sorted(needed))} among them")
    return tuple(sorted(set(asked)))


def _scopes(metadata: Mapping[str, Any], allowed: Sequence[str]) -> tuple[str, ...]:
    asked = take_member(metadata, "scope", "text")
    if asked is None:
        return tuple(name for name in STANDARD_SCOPES if name in allowed)
    names = tuple(dict.fromkeys(asked.split()))
    if not set(names) <= set(allowed):
        raise invalid_metadata("scope", f"of {' '.join(sorted(allowed))}")
    return names


def _details(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {**dict.fromkeys(ADDRESSES, "https"), **dict.fromkeys(TEXTS, "text"), "contacts": "list"}
    found = {name: take_member(metadata, name, kind) for name, kind in kinds.items()}
    if metadata.get("subject_type") == "pairwise":  # a sector means nothing to public subjects
        found["sector_identifier_uri"] = take_member(metadata, "sector_identifier_uri", "https")
    return {name: value for name, value in found.items() if value is not None}


def _redirect_uris(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        asked: list[str] = take_member(metadata, "redirect_uris", "list") or []
    except OAuthError as error:
        raise OAuthError("invalid_redirect_uri", error.description) from error
    if not all(map(is_https_address, asked)):
        raise OAuthError("invalid_redirect_uri", "redirect_uris: expected https addresses without fragment")
    return tuple(asked)
