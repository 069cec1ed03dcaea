"""What can go wrong, named by who must act. No message ever holds a secret or a token."""

from collections.abc import Mapping
from types import MappingProxyType

from lockhouse.client.results import Asked

__all__ = [
    "AnswerLost",
    "CibaClientError",
    "ClientRefused",
    "PersonNotAsked",
    "ProviderInvalid",
    "Refused",
    "RequestRefused",
    "StillPending",
    "TokenInvalid",
    "UserCodeRefused",
    "refusal",
]


class CibaClientError(Exception):
    """The root of what this client raises. ``code`` is stable."""

    code = "ciba_client"


class AnswerLost(CibaClientError):
    """No answer came, however often the call was repeated: nobody knows whether it was heard.

    What went under a key may be called again with the same key, and happens once.
    """

    code = "answer_lost"


class StillPending(CibaClientError):
    """The time that the caller gave is over, the request is not: ``wait`` for ``asked`` again, or ``cancel`` it."""

    code = "still_pending"

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        super().__init__("the person has not decided in the time given: wait again, or cancel the request")


class ProviderInvalid(CibaClientError):
    """The provider's metadata or keys are not what they must be: its operator has to look."""

    code = "provider_invalid"


class TokenInvalid(CibaClientError):
    """A token does not verify. Do not act on it: nothing proves that the person approved."""

    code = "token_invalid"


class Refused(CibaClientError):
    """The provider refused. ``code`` is its error code, ``status`` is HTTP's, ``retry_after`` in seconds where told."""

    def __init__(self, status: int, code: str, description: str, *, retry_after: float | None = None) -> None:
        self.status, self.code, self.description, self.retry_after = status, code, description, retry_after
        super().__init__(f"{status} {code}: {_readable(description)}; {_REMEDIES.get(code, _UNKNOWN)}")


class ClientRefused(Refused):
    """The client does not prove itself, or may not do this: whoever registered it has to look."""


class RequestRefused(Refused):
    """A parameter is not taken: the program has to ask otherwise."""


class UserCodeRefused(Refused):
    """The person's code is missing or wrong: ask them for it, and ask again with a new key."""


class PersonNotAsked(Refused):
    """Nobody can be asked by this hint, or not now: find out who is meant, or wait ``retry_after`` seconds."""


_KINDS: Mapping[str, type[Refused]] = MappingProxyType(
    {
        **dict.fromkeys(("invalid_client", "unauthorized_client", "unsupported_grant_type"), ClientRefused),
        **dict.fromkeys(("missing_user_code", "invalid_user_code"), UserCodeRefused),
        **dict.fromkeys(("unknown_user_id", "expired_login_hint_token", "access_denied"), PersonNotAsked),
        **dict.fromkeys(
            ("invalid_request", "invalid_scope", "invalid_target", "invalid_binding_message", "invalid_grant"),
            RequestRefused,
        ),
    }
)
_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "slow_down": "leave more time between two questions",
        "invalid_client": "look at the client's id, its secret or key, and the method that it is registered with",
        "unauthorized_client": "register the client for this grant and delivery mode",
        "unsupported_grant_type": "the provider does not do this: see grant_types_supported in its metadata",
        "missing_user_code": "ask the person for their code",
        "invalid_user_code": "ask the person for their code once more",
        "unknown_user_id": "use another hint, or ask the person who they are",
        "expired_login_hint_token": "get a fresh login_hint_token",
        "access_denied": "wait before asking again; the person may also have blocked this client",
        "invalid_request": "the description says which parameter",
        "invalid_scope": "ask for scopes that the client is registered for",
        "invalid_target": "ask for resources that the provider knows",
        "invalid_binding_message": "send a shorter, plainer message",
        "invalid_grant": "it is used, taken back, or of another client: ask the person again",
    }
)
_UNKNOWN = "see the provider's documentation"
_LONGEST = 300


def refusal(status: int, told: Mapping[str, object], *, retry_after: float | None = None) -> Refused:
    """Return the error that an answer's JSON describes (RFC 6749 section 5.2, CIBA Core section 13)."""
    code = told.get("error")
    named = code if isinstance(code, str) else "unexpected_answer"
    return _KINDS.get(named, Refused)(status, named, str(told.get("error_description", "")), retry_after=retry_after)


def _readable(text: str) -> str:
    """Return *text* as one line that cannot fill or reset a terminal."""
    return "".join(each for each in text[:_LONGEST] if each.isprintable()) or "no description"
