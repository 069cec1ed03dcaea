"""Client authentication: by a shared secret in the Authorization header or the form, by a signed assertion, or by TLS.

Exactly one of them. An assertion's signature, and a certificate, are checked before, by ``ClientProofs``; here the
assertion is used up, and what the certificate was checked against is still to be what the client is registered with.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote_plus

from engine.storage import Unit
from protocols.oauth2.client_assertions import (
    ASSERTION_TYPE,
    ClientAssertion,
    VerifiedAssertion,
    read_assertion,
)
from protocols.oauth2.client_certificates import ClientCertificate
from protocols.oauth2.client_registration import CIBA_GRANT, TLS_CLIENT_AUTH
from protocols.oauth2.clients import Client, Clients
from protocols.oauth2.errors import OAuthError, invalid_client, invalid_request
from protocols.oauth2.forms import Form
from protocols.oauth2.used_assertions import use_assertion

# What belongs to authentication and not to the request itself.
PARAMETERS = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a client showed, not yet checked. ``challenge`` is set where it used the Authorization header.

    ``certificate`` is that of the connection, whatever the client proves itself by. ``certified`` is there where it
    proves the client: the digest of what the client was registered with when that was found out.

    ``secrets`` holds the secret once, or as decoded and as sent where these differ: some clients encode the parts of
    Basic as RFC 6749 section 2.3.1 demands, others encode nothing.
    """

    client_id: str
    secrets: tuple[str, ...] = field(repr=False)
    method: str
    challenge: str | None = None
    assertion: ClientAssertion | None = None
    verified: VerifiedAssertion | None = None
    certificate: ClientCertificate | None = None
    certified: str | None = None
    attempt: bytes = field(default=b"", repr=False)


def presented(
    form: Form, authorization: Sequence[str], *, issuer: str, certificate: ClientCertificate | None = None
) -> Presented:
    """Return the one proof that the request carries; *certificate* is one where there is nothing else.

    Two methods, or two Authorization headers → ``invalid_request``; none, an unreadable one, or client ids that
    differ → ``invalid_client`` (RFC 6749 section 2.3).
    """
    secret, named = form.get("client_secret"), form.get("client_id")
    assertion = form.get("client_assertion") or form.get("client_assertion_type")
    if len(authorization) > 1 or sum(map(bool, (authorization, secret, assertion))) > 1:
        raise invalid_request("more than one client authentication was sent; send one")
    if authorization:
        challenge = f'Basic realm="{issuer}"'
        client_id, secrets = _basic(authorization[0], challenge)
        if named is not None and named != client_id:
            raise invalid_client(hint="client_id differs from the Authorization header", challenge=challenge)
        basic = Presented(client_id=client_id, secrets=secrets, method="client_secret_basic", challenge=challenge)
        return replace(basic, certificate=certificate)
    if assertion:
        return replace(_asserted(form, named), certificate=certificate)
    if named is not None and secret is not None:
        return Presented(client_id=named, secrets=(secret,), method="client_secret_post", certificate=certificate)
    if named is None or certificate is None:
        raise invalid_client(hint="no client authentication was sent")
    # RFC 8705 section 2: the client_id is required; which of the two methods it is, the registration says.
    return Presented(client_id=named, secrets=(), method=TLS_CLIENT_AUTH, certificate=certificate)


def authenticate(unit: Unit, clients: Clients, shown: Presented, *, lock: bool = False) -> Client:
    """Return the client that *shown* proves, or raise ``invalid_client``. *lock* keeps its row until the unit ends.

    A client that does not exist costs the same comparison as a wrong secret.
    """
    if shown.assertion is not None:
        return _authenticate_by_assertion(unit, clients, shown, lock=lock)
    if not shown.secrets:
        return _authenticate_by_certificate(unit, clients, shown, lock=lock)
    macs = [clients.mac_of(shown.client_id, secret) for secret in shown.secrets]
    known = clients.find_credentials(unit, shown.client_id, lock=lock)
    right = [hmac.compare_digest(known.secret_mac if known else bytes(len(mac)), mac) for mac in macs]
    if known is None or not any(right):
        raise _failed(shown, "unknown client" if known is None else "wrong secret")
    if known.client.auth_method not in (None, shown.method):
        raise _failed(shown, "not the method that is registered for this client")
    return _enabled(known.client, shown)


def _authenticate_by_assertion(unit: Unit, clients: Clients, shown: Presented, *, lock: bool) -> Client:
    """Use the assertion up. What the client is registered with may have changed since its signature was checked."""
    known = clients.find_credentials(unit, shown.client_id, lock=lock)
    if known is None or shown.verified is None or known.registration != shown.verified.registration:
        raise _failed(shown, "the assertion was not verified with the keys that the client has now")
    client = _enabled(known.client, shown)
    if not use_assertion(unit, client.client_id, shown.verified, attempt=shown.attempt):
        raise _failed(shown, "the assertion was used before")
    return client


def _authenticate_by_certificate(unit: Unit, clients: Clients, shown: Presented, *, lock: bool) -> Client:
    known = clients.find_credentials(unit, shown.client_id, lock=lock)
    if known is None or shown.certified is None or known.registration != shown.certified:
        raise _failed(shown, "the certificate was not verified with what the client is registered with now")
    return _enabled(known.client, shown)


def _enabled(client: Client, shown: Presented) -> Client:
    if client.disabled:
        raise _failed(shown, "client is disabled")
    return client


def require_grant(client: Client, grant_type: str = CIBA_GRANT) -> None:
    """Raise ``unauthorized_client`` where *client* may not use *grant_type*."""
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", "this client may not use this grant type")


def _asserted(form: Form, named: str | None) -> Presented:
    """Return the assertion of *form*; it may do without client_id, but not differ from it (RFC 7521 section 4.2)."""
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise invalid_client(hint="client_assertion_type is not jwt-bearer")
    token = form.get("client_assertion")
    if token is None:
        raise invalid_client(hint="client_assertion is missing")
    assertion = read_assertion(token)
    if named not in (None, assertion.client_id):
        raise invalid_client(hint="client_id differs from the assertion")
    return Presented(client_id=assertion.client_id, secrets=(), method=assertion.method, assertion=assertion)


def _failed(shown: Presented, hint: str) -> OAuthError:
    return invalid_client(hint=hint, challenge=shown.challenge)


def _basic(header: str, challenge: str) -> tuple[str, tuple[str, ...]]:
    """Return client id and secret, the secret as decoded and as sent."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client(hint="the Authorization header is not Basic", challenge=challenge)
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
        client_id = unquote_plus(name, errors="strict")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise invalid_client(hint="the Basic credentials cannot be read", challenge=challenge) from error
    if not (colon and client_id and secret) or "\0" in client_id:
        raise invalid_client(hint="the Basic credentials lack id or secret", challenge=challenge)
    return client_id, tuple(dict.fromkeys((_decoded(secret), secret)))


def _decoded(secret: str) -> str:
    """Return *secret* decoded; as it was sent where its percent signs encode no text, so that they are its own."""
    try:
        return unquote_plus(secret, errors="strict")
    except UnicodeDecodeError:
        return secret
