"""What tokens are made of for one client: what a person approved, in the form that the client is registered with."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from engine.storage import Keyring
from protocols.oauth2.clients import Client
from protocols.oauth2.confirmations import Confirmation
from protocols.oauth2.signing_keys import SigningKey
from protocols.oauth2.subjects import Subject, subject_for
from protocols.oauth2.tokens import Approval, TokenOrder, TokenPolicy

__all__ = ["OPAQUE", "RandomTexts", "token_order"]

OPAQUE = "opaque"


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomTexts:
    """The random texts of one set of tokens, made before any unit: a unit may run twice.

    The ``jti`` has 192 bits, a token 256; ``access_token`` and ``refresh_token`` are given to clients only that have
    such ones.
    """

    jti: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @classmethod
    def fresh(cls) -> "RandomTexts":
        """Return new ones."""
        return cls(
            jti=secrets.token_urlsafe(24),
            access_token=secrets.token_urlsafe(32),
            refresh_token=secrets.token_urlsafe(32),
        )


def token_order(
    approval: Approval,
    client: Client,
    *,
    keyring: Keyring,
    policy: TokenPolicy,
    key: SigningKey,
    id_token_key: SigningKey,
    texts: RandomTexts,
    now: datetime,
    resources: tuple[str, ...] = (),
    subject: Subject | None = None,
    auth_req_id: str | None = None,
    nonce: str | None = None,
    refresh_token: str | None = None,
    confirmation: Confirmation | None = None,
) -> TokenOrder:
    """Return the order of tokens for *client*; *refresh_token* is one that it is given with them.

    *confirmation* is what the access token is bound to. *subject* is what the grant says already (OpenID Connect Core
    section 12.2: the same at every refresh).
    """
    return TokenOrder(
        approval=approval,
        subject=subject or subject_for(keyring, client, approval.user_id),
        policy=policy,
        key=key,
        id_token_key=id_token_key,
        jti=texts.jti,
        now=now,
        resources=resources,
        acts=client.agent,
        confirmation=confirmation,
        opaque=texts.access_token if client.token_format == OPAQUE else None,
        auth_req_id=auth_req_id,
        nonce=nonce,
        refresh_token=refresh_token,
    )
