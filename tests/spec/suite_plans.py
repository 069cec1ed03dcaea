"""The modules of the suite's two plans, in its order, and why some have no test here."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["BASIC", "FAPI_CIBA", "NOT_HERE"]

_CIBA = "fapi-ciba-id1"
_OBJECT = "ensure-request-object"
FAPI_CIBA = (
    _CIBA,
    *(
        f"{_CIBA}-{name}"
        for name in (
            "discovery-end-point-verification",
            "brazil-discovery-end-point-verification",
            "user-rejects-authentication",
            "multiple-call-to-token-endpoint",
            "auth-req-id-expired",
            "ensure-authorization-request-with-binding-message-succeeds",
            "ensure-other-scope-order-succeeds",
            "ensure-requested-expiry-as-string-succeeds",
            "ensure-authorization-request-with-potentially-bad-binding-message",
            f"{_OBJECT}-missing-aud-fails",
            f"{_OBJECT}-bad-aud-fails",
            f"{_OBJECT}-missing-iss-fails",
            f"{_OBJECT}-bad-iss-fails",
            f"{_OBJECT}-missing-exp-fails",
            f"{_OBJECT}-expired-exp-fails",
            f"{_OBJECT}-exp-is-70-minutes-in-future-fails",
            f"{_OBJECT}-missing-iat-fails",
            f"{_OBJECT}-missing-nbf-fails",
            f"{_OBJECT}-nbf-is-10-minutes-in-future-fails",
            f"{_OBJECT}-nbf-is-70-minutes-in-past-fails",
            f"{_OBJECT}-missing-jti-fails",
            f"{_OBJECT}-signature-algorithm-is-none-fails",
            f"{_OBJECT}-signature-algorithm-is-bad-fails",
            f"{_OBJECT}-signature-algorithm-is-RS256-fails",
            f"{_OBJECT}-signed-by-other-client-fails",
            "ensure-authorization-request-with-multiple-hints-fails",
            "ensure-wrong-auth-req-id-in-token-endpoint-request",
            "ensure-different-client-id-and-issuer-in-backchannel-authorization-request",
            "ensure-wrong-client-id-in-token-endpoint-request",
            "ensure-wrong-client-id-in-backchannel-authorization-request",
            "ensure-without-client-assertion-in-token-endpoint-request",
            "ensure-without-client-assertion-in-backchannel-authorization-request",
            "ensure-client-assertion-signature-algorithm-in-backchannel-authorization-request-is-RS256-fails",
            "ensure-client-assertion-signature-algorithm-in-token-endpoint-request-is-RS256-fails",
            "ensure-client-assertion-with-iss-aud-to-token-endpoint-succeeds",
            "ping-backchannel-notification-endpoint-response-has-body",
            "ping-backchannel-notification-endpoint-response-401",
            "ping-backchannel-notification-endpoint-response-403",
            "ping-with-mtls-ciba-notification-endpoint-response-401-and-require-server-does-not-retry",
            "ping-backchannel-notification-endpoint-return-redirect-request",
            "ensure-backchannel-authorization-request-without-request-fails",
            "refresh-token",
            "ensure-mtls-holder-of-key-required",
        )
    ),
)
BASIC: tuple[str, ...] = ()

NOT_HERE: Mapping[str, str] = MappingProxyType(
    {f"{_CIBA}-brazil-discovery-end-point-verification": "for Brazil's profile, which is not the plain one"}
)
