"""Members of client metadata as JSON: which are known, and what kind of value each has (RFC 7591, CIBA Core section 4).

Nothing that was sent is repeated in an error: it names the member and what is expected there.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from protocols.oauth2.certificate_checks import SUBJECT_KINDS
from protocols.oauth2.client_values import is_https_address
from protocols.oauth2.errors import OAuthError

__all__ = ["ADDRESSES", "FLAGS", "SETTINGS", "TEXTS", "invalid_metadata", "read_object", "take_member"]

LONGEST_TEXT = 2048
MOST_ITEMS = 20
# Members that become a setting of the client, by the name that the setting has with us.
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "name": "client_name",
        "auth_method": "token_endpoint_auth_method",
        "auth_alg": "token_endpoint_auth_signing_alg",
        "jwks_uri": "jwks_uri",
        "id_token_alg": "id_token_signed_response_alg",
        "subject_type": "subject_type",
        "delivery_mode": "backchannel_token_delivery_mode",
        "notification_endpoint": "backchannel_client_notification_endpoint",
        "request_alg": "backchannel_authentication_request_signing_alg",
        **{f"tls_{kind}": f"tls_client_auth_{kind}" for kind in SUBJECT_KINDS},
    }
)
# The same, of those that are true or false; absent, they are false.
FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "takes_user_code": "backchannel_user_code_parameter",
        "certificate_bound": "tls_client_certificate_bound_access_tokens",
        "dpop_bound": "dpop_bound_access_tokens",
    }
)
# Members that are kept and handed back. The server never calls one of these addresses.
ADDRESSES = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
TEXTS = ("software_id", "software_version")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DESCRIBED = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


def invalid_metadata(member: str, expected: str) -> OAuthError:
    """Return the error for a *member* that is not what is *expected* (RFC 7591 section 3.2.2)."""
    text = _DESCRIBED.sub("'", f"{member}: expected {expected}")
    return OAuthError("invalid_client_metadata", text)


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in *body*, without members that are null; no name may stand twice in one object."""
    try:
        read = json.loads(body.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise OAuthError("invalid_client_metadata", "send one JSON object in UTF-8, each member once") from error
    if not isinstance(read, dict):
        raise OAuthError("invalid_client_metadata", "send one JSON object with the client's metadata")
    return {name: value for name, value in read.items() if value is not None}


def take_member(metadata: Mapping[str, Any], name: str, kind: str) -> Any:
    """Return the member *name* as *kind*, None where it is absent; raise ``invalid_client_metadata``."""
    if name not in metadata:
        return None
    fits, expected = _KINDS[kind]
    value = metadata[name]
    if not fits(value):
        raise invalid_metadata(name, expected)
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and not _UNPRINTABLE.search(value)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_ITEMS and all(map(_is_text, value))


def _is_https(value: object) -> bool:
    return isinstance(value, str) and is_https_address(value)


_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = MappingProxyType(
    {
        "text": (_is_text, f"a text of at most {LONGEST_TEXT} characters, without control characters"),
        "flag": (lambda value: isinstance(value, bool), "true or false"),
        "list": (_is_list, f"a list of at most {MOST_ITEMS} texts"),
        "https": (_is_https, "an https address without fragment"),
        "object": (lambda value: isinstance(value, dict), "an object"),
    }
)


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def _no_number(_name: str) -> Any:
    raise ValueError("not a JSON number")
