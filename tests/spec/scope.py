"""The requirements that have no test here: those of other issues, with the reason, and those that are still open."""

from collections.abc import Mapping
from types import MappingProxyType

_MTLS = "client certificates (mTLS) are no part of CIBA itself: their tests come with them"
_DPOP = "DPoP (RFC 9449) is no part of CIBA itself: its tests come with it"
_RAR = "authorization_details (RFC 9396) are not taken: ignored like every unknown parameter"

ELSEWHERE: Mapping[int, str] = MappingProxyType(
    {
        19: "nothing of a push is bound to a sender: that comes with mTLS and DPoP",
        89: "nothing of a push is bound to a sender: that comes with mTLS and DPoP",
        101: _MTLS,
        102: _MTLS,
        103: _MTLS,
        114: "advice to clients: what a hint carries is theirs to choose",
        118: "TLS ends before us: versions and suites are those of the terminator in front",
        119: "about a resource server under FAPI; its tests come with the guard for protected resources",
        **dict.fromkeys(range(129, 136), _DPOP),
        **dict.fromkeys(range(136, 141), _RAR),
        155: "receipts are no part of CIBA: nothing signs one",
    }
)

OPEN: Mapping[int, str] = MappingProxyType({})
