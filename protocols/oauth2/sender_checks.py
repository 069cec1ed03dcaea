"""Whether an access token is in the right hands: the way it came, compared with what it is bound to. Pure.

Userinfo and ``lockhouse.resource`` ask the same question here (RFC 8705 section 3, RFC 9449 section 7).
"""

import hmac
from collections.abc import Mapping
from typing import Any

from protocols.oauth2.confirmations import DPOP
from protocols.oauth2.dpop import Proof

__all__ = ["sender_fault"]

_CERTIFICATE, _KEY = "x5t#S256", "jkt"


def sender_fault(
    claims: Mapping[str, Any], scheme: str, *, certificate: str | None = None, proof: Proof | None = None
) -> str | None:
    """Return what is wrong with how the token of *claims* came, or None where nothing is.

    *scheme* is that of the Authorization header; *certificate* the thumbprint of the one that the connection showed;
    *proof* a DPoP proof that held, made for this token. The answer is for clients: it holds nothing of theirs.

    >>> sender_fault({}, "Bearer")
    >>> sender_fault({"cnf": {"jkt": "0ZcOCORZNYy"}}, "Bearer")
    'the token is bound to a key: send it as DPoP, with a proof'
    """
    cnf = claims.get("cnf")
    if cnf is None:
        cnf = {}
    elif not isinstance(cnf, Mapping) or not cnf or set(cnf) - {_CERTIFICATE, _KEY}:
        # What cannot be checked is not taken on trust (RFC 7800 section 3.1 leaves it to each application).
        return "the token is bound in a way that is not known here"
    return _key_fault(cnf, scheme, proof) or _certificate_fault(cnf, certificate)


def _key_fault(cnf: Mapping[str, Any], scheme: str, proof: Proof | None) -> str | None:
    as_dpop = scheme.lower() == DPOP.lower()
    if _KEY not in cnf:
        return "the token is bound to no key: send it as Bearer" if as_dpop else None
    if not as_dpop:
        return "the token is bound to a key: send it as DPoP, with a proof"
    if proof is None or not _equal(cnf[_KEY], proof.jkt):
        return "the token is bound to another key than that of the proof"
    return None


def _certificate_fault(cnf: Mapping[str, Any], certificate: str | None) -> str | None:
    if _CERTIFICATE not in cnf:
        return None
    if certificate is None:
        return "the token is bound to a certificate: connect with it"
    return None if _equal(cnf[_CERTIFICATE], certificate) else "the token is bound to another certificate"


def _equal(bound: object, shown: str) -> bool:
    return isinstance(bound, str) and hmac.compare_digest(bound.encode("utf-8", "surrogatepass"), shown.encode())
