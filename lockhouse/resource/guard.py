"""The guard: one call that says who may enter, for any endpoint of a Starlette or FastAPI application."""

import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import quote

from starlette.requests import Request

from engine import Clock, SystemClock
from lockhouse.resource.access_token import AccessToken
from lockhouse.resource.errors import TokenRefused
from lockhouse.resource.replay import ProofMemory, UsedProofs
from protocols.oauth2 import OAuthError
from protocols.oauth2.client_certificates import certificate_of
from protocols.oauth2.confirmations import DPOP
from protocols.oauth2.dpop import Nonces, Proof, ProofCall, verify_proof
from protocols.oauth2.presented_tokens import PresentedToken, challenged, read_authorization, refuse_elsewhere
from protocols.oauth2.sender_checks import sender_fault

__all__ = ["ApiGuard", "Requirement", "Tokens"]

_log = logging.getLogger(__name__)

_SHORTEST_KEY: Final = 32
_SAFE: Final = "/:@!$&'()*+,;=-._~"


class Tokens(Protocol):
    """Says what a token is worth: `SignedTokens` and `IntrospectedTokens` do."""

    async def read(self, token: str, *, now: datetime) -> AccessToken:
        """Return what *token* says; raise OAuthError ``invalid_token`` or CannotJudge."""
        ...


class ApiGuard:
    """Lets requests with a good access token pass, as *tokens* judges it.

    *address* is what clients call the API by, such as ``https://api.example`` or ``https://example.com/api`` where a
    proxy takes the prefix away: proofs of possession name it, and Host is not asked. *nonce_key* is a secret of 32
    bytes or more, the same in all of the API's processes: with it proofs have to carry a nonce of ours (RFC 9449
    section 9). *used_proofs* has to be shared where there is more than one process.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        address: str,
        nonce_key: bytes | None = None,
        used_proofs: UsedProofs | None = None,
        clock: Clock | None = None,
    ) -> None:
        if nonce_key is not None and len(nonce_key) < _SHORTEST_KEY:
            raise ValueError(f"expected a nonce_key of {_SHORTEST_KEY} bytes or more, found {len(nonce_key)}")
        self._tokens, self._address = tokens, address.rstrip("/")
        self._nonces = None if nonce_key is None else _nonces(nonce_key)
        self._used: UsedProofs = used_proofs or ProofMemory()
        self._clock: Clock = clock or SystemClock()

    def requiring(self, *scopes: str) -> "Requirement":
        """Return what FastAPI's ``Depends`` takes: a good token with every one of *scopes*."""
        return Requirement(self, scopes)

    async def check(self, request: Request, *scopes: str) -> AccessToken:
        """Return the token of *request*, if it is good, in the right hands, and has every one of *scopes*.

        Raises TokenRefused (401, 403, 400) and CannotJudge (503), which the application answers by itself.
        """
        try:
            presented = read_authorization(request.headers.getlist("authorization"))
            refuse_elsewhere(request.query_params)
        except OAuthError as error:
            raise _refused(error) from error
        try:
            return await self._judged(request, presented, scopes)
        except OAuthError as error:
            needed = " ".join(scopes) if error.error == "insufficient_scope" else None
            raise _refused(challenged(error, presented.scheme, scope=needed)) from error

    async def _judged(self, request: Request, presented: PresentedToken, scopes: tuple[str, ...]) -> AccessToken:
        now = self._clock.now()
        token = await self._tokens.read(presented.token, now=now)
        proof = self._proof(request, presented, now)
        shown = certificate_of(request)
        certificate = None if shown is None else shown.thumbprint
        fault = sender_fault(token.claims, presented.scheme, certificate=certificate, proof=proof)
        if fault is not None:
            raise OAuthError("invalid_token", fault)
        if not token.scopes.issuperset(scopes):
            raise OAuthError("insufficient_scope", "the token was not given for this")
        if proof is not None and not await self._used.use(proof.once, expires_at=proof.expires_at, now=now):
            raise OAuthError("invalid_dpop_proof", "this proof was used before: make one for each request")
        return token

    def _proof(self, request: Request, presented: PresentedToken, now: datetime) -> Proof | None:
        if presented.scheme != DPOP:
            return None
        urls = tuple(self._address + path for path in _spellings(request))
        call = ProofCall(method=request.method, urls=urls, now=now, access_token=presented.token)
        return verify_proof(request.headers.getlist(DPOP), call, nonces=self._nonces)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A dependency of FastAPI: it yields the token, or refuses the request."""

    guard: ApiGuard
    scopes: tuple[str, ...]

    async def __call__(self, request: Request) -> AccessToken:
        """Return the token of *request*; raise TokenRefused or CannotJudge."""
        return await self.guard.check(request, *self.scopes)


def _spellings(request: Request) -> tuple[str, ...]:
    """Return the path as it was sent, and as it is spelt by default: a proof may have either (RFC 9449 section 4.3)."""
    sent: bytes | None = request.scope.get("raw_path")
    usual = quote(request.scope["path"], safe=_SAFE)
    return (usual,) if sent is None else (usual, sent.decode("latin-1").partition("?")[0])


def _refused(error: OAuthError) -> TokenRefused:
    _log.info("token_refused", extra={"error": error.error, "hint": error.hint})
    return TokenRefused(error)


def _nonces(key: bytes) -> Nonces:
    return Nonces(lambda text: hmac.digest(key, f"lockhouse.resource.nonce {text}".encode(), hashlib.sha256))
