"""Token responses, read (OpenID Connect Core section 3.1.3.3)."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from lockhouse.client.errors import ProviderInvalid, TokenInvalid
from lockhouse.client.results import Tokens

__all__ = ["is_number", "read_tokens"]


def read_tokens(told: Mapping[str, Any], *, now: float, refresh_token: str | None = None) -> Tokens:
    """Return the tokens in *told*, none of them verified; *refresh_token* is what stays where no new one is given."""
    access, kind, life = told.get("access_token"), told.get("token_type"), told.get("expires_in")
    if not isinstance(access, str) or not access:
        raise TokenInvalid("expected an access token in the provider's answer, found none")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise ProviderInvalid(
            "expected a token of the type Bearer, found another: this client has no key to use it with"
        )
    return Tokens(
        access_token=access,
        token_type=kind,
        expires_at=now + life if is_number(life) else None,
        scope=_text(told.get("scope")),
        id_token=_text(told.get("id_token")),
        refresh_token=_text(told.get("refresh_token")) or refresh_token,
    )


def is_number(value: object) -> TypeGuard[float]:
    """Say whether *value* is a number in JSON, where true is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
