"""What requests show of their senders' keys: read before a unit, used up inside of one that knows the client."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from engine.storage import Keyring, Unit, insert_or_ignore, to_micros
from protocols.oauth2.clients import Client
from protocols.oauth2.confirmations import Confirmation, Sender, confirmation_of
from protocols.oauth2.dpop import Nonces, Proof, ProofCall, verify_proof
from protocols.oauth2.errors import OAuthError
from protocols.oauth2.profiles import profile_of
from protocols.oauth2.tables import USED_PROOFS

__all__ = ["SenderProofs", "confirm", "forget_proofs", "is_bound_as_owed", "shared_nonces", "use_proof", "used_proof"]

_P = USED_PROOFS.c
_INSERT = insert_or_ignore(USED_PROOFS)
_ATTEMPT = select(_P.attempt).where(_P.proof_hash == bindparam("hashed"))
_EXPIRED = select(_P.proof_hash).where(_P.expires_at <= bindparam("before")).limit(200)
_FORGET = delete(USED_PROOFS).where(_P.proof_hash.in_(_EXPIRED))


class SenderProofs:
    """Reads what a request was sent with. *addresses_of* has every address of a path; without *nonces* none is asked.

    *profile* is the deployment's.
    """

    def __init__(
        self, *, addresses_of: Callable[[str], tuple[str, ...]], nonces: Nonces | None, profile: str = "core"
    ) -> None:
        self._addresses_of, self._nonces, self._profile = addresses_of, nonces, profile

    def read(
        self,
        proofs: Sequence[str],
        certificate: str | None,
        *,
        method: str,
        path: str,
        now: datetime,
        access_token: str | None = None,
    ) -> Sender:
        """Return what the DPoP headers *proofs* and the certificate of this thumbprint show: judged, but not raised.

        Where an *access_token* is used the proof has to be for it.
        """
        if not proofs:
            return Sender(certificate=certificate, profile=self._profile)
        call = ProofCall(method=method, urls=self._addresses_of(path), now=now, access_token=access_token)
        return Sender(
            certificate=certificate,
            proof=_judged(proofs, call, self._nonces),
            attempt=secrets.token_bytes(16),
            profile=self._profile,
        )

    def next_nonce(self, now: datetime) -> str | None:
        """Return the nonce for the next proof, where one is asked for (RFC 9449 section 8.2)."""
        return None if self._nonces is None else self._nonces.current(now)


def shared_nonces(keyring: Keyring) -> Nonces:
    """Return the nonces of a deployment: the same in all of its processes."""
    return Nonces(lambda text: keyring.mac("oauth2.dpop_nonce", text))


def confirm(unit: Unit, client: Client, sender: Sender) -> Confirmation | None:
    """Return what tokens for *client* are bound to, None for nothing, and use the proof up.

    Raises ``invalid_dpop_proof`` and ``use_dpop_nonce`` for a proof that does not hold or was used, and
    ``invalid_request`` where the client has to show a key and did not.
    """
    certified = _certified(client, sender.profile)
    confirmation = confirmation_of(sender, certificate_bound=certified, dpop_bound=client.dpop_bound)
    used_proof(unit, sender)
    return confirmation


def is_bound_as_owed(client: Client, confirmation: Confirmation | None, *, profile: str) -> bool:
    """Say whether tokens for *client* may be bound to *confirmation*, as it is registered now.

    *profile* is the deployment's. What a request showed may be older than what its client owes.
    """
    method = None if confirmation is None else confirmation.method
    if _certified(client, profile):
        return method == "x5t#S256"
    return method == "jkt" or not client.dpop_bound


def _certified(client: Client, profile: str) -> bool:
    return client.certificate_bound or profile_of(client, profile).sender_constrained


def used_proof(unit: Unit, sender: Sender) -> Proof | None:
    """Return the proof that a request showed, used up by it; None where it showed none.

    Raises ``invalid_dpop_proof`` and ``use_dpop_nonce`` for one that does not hold or was used before.
    """
    match sender.proof:
        case OAuthError() as error:
            raise error
        case Proof() as proof if not use_proof(unit, proof, attempt=sender.attempt):
            raise OAuthError("invalid_dpop_proof", "this proof was used before: make one for each request")
        case proof:
            return proof


def use_proof(unit: Unit, proof: Proof, *, attempt: bytes) -> bool:
    """Note that *proof* is used by *attempt*; return False where another attempt has used it.

    One request may need more than one unit, and a unit may be run again: its attempt is its own.
    """
    row = {"proof_hash": proof.once, "attempt": attempt, "expires_at": to_micros(proof.expires_at)}
    if unit.execute(_INSERT, row).first() is not None:
        return True
    return bool(unit.execute(_ATTEMPT, {"hashed": proof.once}).scalar() == attempt)


def forget_proofs(unit: Unit, *, now: datetime) -> int:
    """Delete rows of proofs that would not be accepted any more, at most 200 of them; return how many."""
    return unit.execute(_FORGET, {"before": to_micros(now)}).rowcount


def _judged(proofs: Sequence[str], call: ProofCall, nonces: Nonces | None) -> Proof | OAuthError:
    try:
        return verify_proof(proofs, call, nonces=nonces)
    except OAuthError as error:
        return error
