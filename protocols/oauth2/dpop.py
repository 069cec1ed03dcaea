"""Proof of possession (DPoP, RFC 9449): a proof is read and checked here; that it counts once, the database says."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt

from protocols.oauth2.client_assertions import KEY_ALGORITHMS
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.key_pairs import thumbprint
from protocols.oauth2.key_sets import KeySetInvalid, PublicKey, parse_key_set

__all__ = ["NONCE_HEADER", "PROOF_ALGORITHMS", "Nonces", "Proof", "ProofCall", "verify_proof"]

NONCE_HEADER = "DPoP-Nonce"
PROOF_ALGORITHMS = KEY_ALGORITHMS
_TYPE = "dpop+jwt"
_LONGEST, _LONGEST_JTI = 8 * 1024, 256
_OLDEST, _SKEW = timedelta(minutes=2), timedelta(seconds=30)
# No proof counts so long after it came, whatever clock it was made by.
_FORGOTTEN = _OLDEST + 3 * _SKEW
_PORTS = {"http": 80, "https": 443}


class Nonces:
    """Nonces that need no store: whoever has the key can tell them, so they hold across processes (section 8).

    *mac* is a keyed hash of texts. A nonce is good in the span that it was made in and in the next one.
    """

    def __init__(self, mac: Callable[[str], bytes], *, span: timedelta = timedelta(minutes=5)) -> None:
        self._mac, self._span = mac, span

    def current(self, now: datetime) -> str:
        """Return the nonce that proofs made from *now* on are to carry."""
        return self._nonce(self._window(now))

    def accepts(self, nonce: str, now: datetime) -> bool:
        """Say whether *nonce* is one of ours and not too old. A neighbour's clock may be a little ahead."""
        latest = self._window(now + _SKEW)
        return nonce in {self._nonce(window) for window in range(self._window(now) - 1, latest + 1)}

    def _window(self, at: datetime) -> int:
        return int(at.timestamp() // self._span.total_seconds())

    def _nonce(self, window: int) -> str:
        return base64.urlsafe_b64encode(self._mac(f"{window}")[:18]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCall:
    """The request that a proof has to be for: one of *urls*, which are all of them names of one endpoint.

    *access_token* is there where one is used with it.
    """

    method: str
    urls: tuple[str, ...]
    now: datetime
    access_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that holds: the thumbprint of its key (``jkt``), and what is kept so that it counts once.

    ``once`` is the hash of key and jti: what one client calls its proofs cannot get in the way of another's.
    """

    jkt: str
    once: bytes
    expires_at: datetime


def verify_proof(headers: Sequence[str], call: ProofCall, *, nonces: Nonces | None = None) -> Proof:
    """Return the one proof in *headers*, checked as section 4.3 says; raise ``invalid_dpop_proof``.

    With *nonces* a proof without a good one gets ``use_dpop_nonce`` and the nonce to use (section 8).
    """
    if len(headers) != 1:
        raise _invalid_proof("send exactly one DPoP header" if headers else "send a DPoP header")
    token = headers[0].strip()
    key, algorithm = _read_key(token)
    claims = _verified(token, key, algorithm)
    if claims["htm"] != call.method:
        raise _invalid_proof("htm is the method of another request")
    if not any(_same_address(claims["htu"], url) for url in call.urls):
        raise _invalid_proof("htu is another address than that of this endpoint in our metadata")
    if nonces is not None and not nonces.accepts(str(claims.get("nonce", "")), call.now):
        headers_back = {NONCE_HEADER: nonces.current(call.now)}
        raise OAuthError("use_dpop_nonce", "make a proof with the nonce of this answer", headers=headers_back)
    _check_time(claims["iat"], call.now)
    if call.access_token is not None and not _is_for(call.access_token, claims.get("ath")):
        raise _invalid_proof("ath is not the hash of the access token")
    jkt = thumbprint({name: str(value) for name, value in key.members.items()})
    return Proof(jkt=jkt, once=_once(jkt, claims["jti"]), expires_at=call.now + _FORGOTTEN)


def _read_key(token: str) -> tuple[PublicKey, str]:
    """Return the key that the proof itself names, and its algorithm, which must be one for public keys."""
    try:
        header = jwt.get_unverified_header(token) if len(token) <= _LONGEST else {}
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _invalid_proof("the proof is no signed JWT") from error
    algorithm, jwk = header.get("alg"), header.get("jwk")
    if "crit" in header:
        raise _invalid_proof("the proof has a crit header, and no extension is known here")
    if header.get("typ") != _TYPE or algorithm not in PROOF_ALGORITHMS or not isinstance(jwk, dict):
        raise _invalid_proof(f"a proof has typ {_TYPE}, a jwk and an alg of {', '.join(PROOF_ALGORITHMS)}")
    try:
        keys = parse_key_set(json.dumps({"keys": [jwk]})).keys
    except KeySetInvalid as error:
        raise _invalid_proof("the proof's jwk is no public key that can be used", hint=str(error)) from error
    if not keys or not keys[0].verifies(algorithm):
        raise _invalid_proof("the proof's jwk does not fit its alg")
    return keys[0], algorithm


def _verified(token: str, key: PublicKey, algorithm: str) -> Mapping[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.load(algorithm),
            algorithms=[algorithm],
            # the time is compared apart, with the clock that we were given; a proof has no other claims that count
            options={
                "require": ["jti", "htm", "htu", "iat"],
                "verify_iat": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_jti": False,
                "verify_sub": False,
                "verify_iss": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise _invalid_proof("the proof does not verify", hint=type(error).__name__) from error
    texts = all(isinstance(claims[name], str) for name in ("jti", "htm", "htu"))
    if not texts or not 0 < len(claims["jti"]) <= _LONGEST_JTI:
        raise _invalid_proof(f"jti, htm and htu are texts, jti of 1 to {_LONGEST_JTI} characters")
    return claims


def _once(jkt: str, jti: str) -> bytes:
    return hashlib.sha256(f"{jkt} {jti}".encode("utf-8", "surrogatepass")).digest()


def _check_time(iat: object, now: datetime) -> None:
    at, skew = now.timestamp(), _SKEW.total_seconds()
    if not isinstance(iat, int | float) or isinstance(iat, bool):
        raise _invalid_proof("iat is a number of seconds")
    if not at - _OLDEST.total_seconds() - skew <= iat <= at + skew:
        raise _invalid_proof("the proof is too old or from the future: make one for each request")


def _is_for(access_token: str, ath: object) -> bool:
    digest = hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest()
    wanted = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return isinstance(ath, str) and hmac.compare_digest(wanted, ath)


def _same_address(claimed: str, ours: str) -> bool:
    """Compare as section 4.3 says: without query and fragment, and however scheme, host and port are spelt."""
    try:
        return _normal(claimed) == _normal(ours)
    except ValueError:
        return False


def _normal(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme), parts.path or "/"


def _invalid_proof(description: str, *, hint: str = "") -> OAuthError:
    return OAuthError("invalid_dpop_proof", description, hint=hint)
