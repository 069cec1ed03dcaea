"""What the guard raises. Both are HTTP exceptions: Starlette and FastAPI answer them without another line."""

from typing import Final

from starlette.exceptions import HTTPException

from protocols.oauth2 import OAuthError

__all__ = ["CannotJudge", "TokenRefused"]

_RETRY_AFTER: Final = "5"


class TokenRefused(HTTPException):
    """The request carries no token that opens this: the client has to get one, or send it otherwise.

    ``error`` is the code of RFC 6750 section 3.1 or RFC 9449 section 7.1, ``hint`` is for a log of the API's alone.
    """

    def __init__(self, error: OAuthError) -> None:
        self.error, self.hint = error.error, error.hint
        super().__init__(error.status, detail=error.description or error.error, headers=dict(error.headers))

    @property
    def code(self) -> str:
        """The stable name of what is wrong."""
        return self.error


class CannotJudge(HTTPException):
    """Nobody can say now whether the token is good: 503. The API's operator has to look where it stays so.

    ``code`` is ``issuer_unreachable``, ``introspection_refused`` or ``proofs_full``.
    """

    def __init__(self, code: str, description: str) -> None:
        self.code = code
        super().__init__(503, detail=description, headers={"Retry-After": _RETRY_AFTER})
