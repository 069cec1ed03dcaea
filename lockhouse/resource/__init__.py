"""A guard for your own API: it takes access tokens of Lockhouse, in the right hands and for the right scopes.

It works in a Starlette or FastAPI application without Lockhouse's database: it reads signed tokens by the keys that the
issuer publishes, or asks the issuer. It understands tokens that are bound to a key (DPoP) or to a certificate (mTLS).
"""

from lockhouse.resource.access_token import AccessToken
from lockhouse.resource.certificates import ClientCertificates
from lockhouse.resource.errors import CannotJudge, TokenRefused
from lockhouse.resource.guard import ApiGuard, Requirement, Tokens
from lockhouse.resource.interaction_ids import InteractionIds
from lockhouse.resource.introspected import IntrospectedTokens, Introspector
from lockhouse.resource.replay import ProofMemory, UsedProofs
from lockhouse.resource.signed import SignedTokens

__all__ = [
    "AccessToken",
    "ApiGuard",
    "CannotJudge",
    "ClientCertificates",
    "InteractionIds",
    "IntrospectedTokens",
    "Introspector",
    "ProofMemory",
    "Requirement",
    "SignedTokens",
    "TokenRefused",
    "Tokens",
    "UsedProofs",
]
