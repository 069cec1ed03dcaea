"""The requirements that have no test here: those of other issues, with the reason, and those that are still open."""

from collections.abc import Mapping
from types import MappingProxyType

_RAR = "authorization_details (RFC 9396) are not taken: ignored like every unknown parameter"

ELSEWHERE: Mapping[int, str] = MappingProxyType(
    {
        114: "advice to clients: what a hint carries is theirs to choose",
        118: "TLS ends before us: `tests/front` tries the front that we ship, with a real nginx, suite by suite",
        **dict.fromkeys(range(136, 141), _RAR),
        155: "receipts are no part of CIBA: nothing signs one",
    }
)

OPEN: Mapping[int, str] = MappingProxyType({})
