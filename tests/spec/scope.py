"""The requirements that have no test here: those of other issues, with the reason, and those that are still open."""

from collections.abc import Mapping
from types import MappingProxyType

_MTLS = "client certificates (mTLS) are not built: nothing claims them, in metadata or registration"
_DPOP = "DPoP (RFC 9449) is not built: metadata lists no algorithm for it"
_RAR = "authorization_details (RFC 9396) are not built: the parameter is ignored like every unknown one"
_CODE = "there is no authorization endpoint: `response_types_supported` is empty"
_DEVICE = "the device grant (RFC 8628) is not built: its grant type is unknown"

ELSEWHERE: Mapping[int, str] = MappingProxyType(
    {
        19: f"{_MTLS}; without sender-constrained tokens nothing is to be bound",
        89: f"{_MTLS}, nor is DPoP: there is nothing to bind pushed tokens to",
        101: _MTLS,
        102: _MTLS,
        103: _MTLS,
        114: "advice to clients: what a hint carries is theirs to choose",
        118: "TLS ends before us: versions and suites are those of the terminator in front",
        119: "about a resource server under FAPI; our one resource is userinfo, and a guard for others is not built",
        **dict.fromkeys(range(129, 136), _DPOP),
        **dict.fromkeys(range(136, 141), _RAR),
        155: "receipts are not built: nothing signs one",
        **dict.fromkeys(range(156, 159), _DEVICE),
        **dict.fromkeys(range(161, 167), _CODE),
    }
)

OPEN: Mapping[int, str] = MappingProxyType({})
