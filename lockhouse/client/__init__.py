"""A typed client for CIBA, asynchronous and synchronous: it asks people for approval and owns the wait for it.

It needs httpx2, pyjwt and cryptography, and nothing of the server. What it decides is decided once, in functions
without a network; the two clients only send and rest.
"""

from lockhouse.client.approval_request import ApprovalRequest
from lockhouse.client.asynchronous import AsyncCibaClient
from lockhouse.client.authentication import (
    Authentication,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    PrivateKeyJwt,
)
from lockhouse.client.clock import Clock
from lockhouse.client.errors import (
    AnswerLost,
    CibaClientError,
    ClientRefused,
    PersonNotAsked,
    ProviderInvalid,
    Refused,
    RequestRefused,
    StillPending,
    TokenInvalid,
    UserCodeRefused,
)
from lockhouse.client.notifications import Notifications
from lockhouse.client.patience import Patience
from lockhouse.client.results import (
    Approved,
    Asked,
    Denied,
    Expired,
    Failed,
    Introspection,
    Outcome,
    Pending,
    Refreshed,
    Tokens,
)
from lockhouse.client.signing import PrivateKey
from lockhouse.client.synchronous import CibaClient

__all__ = [
    "AnswerLost",
    "ApprovalRequest",
    "Approved",
    "Asked",
    "AsyncCibaClient",
    "Authentication",
    "CibaClient",
    "CibaClientError",
    "ClientRefused",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "Clock",
    "Denied",
    "Expired",
    "Failed",
    "Introspection",
    "Notifications",
    "Outcome",
    "Patience",
    "Pending",
    "PersonNotAsked",
    "PrivateKey",
    "PrivateKeyJwt",
    "ProviderInvalid",
    "Refreshed",
    "Refused",
    "RequestRefused",
    "StillPending",
    "TokenInvalid",
    "Tokens",
    "UserCodeRefused",
]
