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
BASIC = tuple(
    f"oidcc-{name}"
    for name in (
        "server",
        "response-type-missing",
        "idtoken-signature",
        "idtoken-unsigned",
        "userinfo-get",
        "userinfo-post-header",
        "userinfo-post-body",
        "ensure-request-without-nonce-succeeds-for-code-flow",
        "scope-profile",
        "scope-email",
        "scope-address",
        "scope-phone",
        "scope-all",
        "ensure-other-scope-order-succeeds",
        "display-page",
        "display-popup",
        "prompt-login",
        "prompt-none-not-logged-in",
        "prompt-none-logged-in",
        "max-age-1",
        "max-age-10000",
        "ensure-request-with-unknown-parameter-succeeds",
        "id-token-hint",
        "login-hint",
        "ui-locales",
        "claims-locales",
        "ensure-request-with-acr-values-succeeds",
        "codereuse",
        "codereuse-30seconds",
        "ensure-registered-redirect-uri",
        "ensure-post-request-succeeds",
        "server-client-secret-post",
        "request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
        "claims-essential",
        "ensure-request-object-with-redirect-uri",
        "refresh-token",
        "ensure-request-with-valid-pkce-succeeds",
    )
)

_NO_SESSION = "fails: nobody stays signed in between two requests (decision 0059), so `prompt=none` is `login_required`"
_NO_ADDRESS = "address is no scope here: the directory keeps none"
NOT_HERE: Mapping[str, str] = MappingProxyType(
    {
        f"{_CIBA}-brazil-discovery-end-point-verification": "for Brazil's profile, which is not the plain one",
        "oidcc-idtoken-unsigned": "for servers that offer unsigned ID tokens: none is given here",
        "oidcc-scope-address": _NO_ADDRESS,
        "oidcc-scope-all": _NO_ADDRESS,
        "oidcc-prompt-none-logged-in": _NO_SESSION,
        "oidcc-id-token-hint": _NO_SESSION,
        "oidcc-max-age-10000": "fails: whoever comes again signs in again (decision 0059), so `auth_time` is another",
    }
)
