"""The error that OAuth endpoints answer with: what the client reads, and apart from it what only our log reads."""

import re
from collections.abc import Mapping
from types import MappingProxyType

# RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E, so neither quotation mark nor backslash, and ASCII only.
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", re.ASCII)

_STATUSES: Mapping[str, int] = MappingProxyType(
    {"invalid_client": 401, "invalid_token": 401, "insufficient_scope": 403, "temporarily_unavailable": 503}
)


class OAuthError(Exception):
    """An error as RFC 6749 section 5.2 and CIBA Core sections 11 and 13 shape it.

    ``error`` and ``description`` go to the client and never hold what the client sent; ``hint`` is for our log alone.
    ``status`` follows from the error where it is not given: 401 for ``invalid_client``, else 400.

    >>> OAuthError("invalid_grant", "this auth_req_id was used").body()
    {'error': 'invalid_grant', 'error_description': 'this auth_req_id was used'}
    """

    def __init__(
        self,
        error: str,
        description: str = "",
        *,
        status: int | None = None,
        hint: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if not _DESCRIPTION.fullmatch(description):
            raise ValueError("error_description: expected printable ASCII without quotation marks and backslashes")
        self.error, self.description, self.hint = error, description, hint
        self.status = status or _STATUSES.get(error, 400)
        self.headers = headers
        super().__init__(error, description)

    def __eq__(self, other: object) -> bool:
        # A unit function may be run twice and have its results compared, and an answer may be an error.
        return isinstance(other, OAuthError) and vars(self) == vars(other)

    __hash__ = Exception.__hash__

    @property
    def code(self) -> str:
        """The stable name of what went wrong, as every error of this project has one."""
        return self.error

    def body(self) -> dict[str, str]:
        """Return the JSON members: no others are allowed (CIBA Core section 13)."""
        members = {"error": self.error}
        if self.description:
            members["error_description"] = self.description
        return members


def invalid_request(description: str, *, hint: str = "", status: int = 400) -> OAuthError:
    """Return the error for a request that is malformed, incomplete or contradicts itself."""
    return OAuthError("invalid_request", description, hint=hint, status=status)


def invalid_client(*, hint: str, challenge: str | None = None) -> OAuthError:
    """Return the 401 for failed client authentication: one text for every cause, so that it tells nothing apart.

    *challenge* is sent as ``WWW-Authenticate`` when the client used the Authorization header (RFC 6749 section 5.2).
    """
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    text = "client authentication failed: send the client's id and secret, an assertion, or its certificate"
    return OAuthError("invalid_client", text, hint=hint, headers=headers)
