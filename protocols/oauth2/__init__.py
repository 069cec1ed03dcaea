"""The authorization server's common part: clients and how they prove themselves, keys, tokens, metadata, userinfo.

What one grant alone needs lives in that grant's package. The HTTP side is ``protocols.oauth2.endpoints``.
"""

from protocols.oauth2.accounts import Accounts, Ambiguous, Found, Nobody
from protocols.oauth2.client_assertions import KEY_ALGORITHMS
from protocols.oauth2.client_authentication import PARAMETERS as CLIENT_AUTHENTICATION_PARAMETERS
from protocols.oauth2.client_authentication import Presented, authenticate, presented, require_grant
from protocols.oauth2.client_policy import ClientPolicy
from protocols.oauth2.client_proofs import ClientProofs
from protocols.oauth2.client_registration import (
    AUTH_METHODS,
    CIBA_GRANT,
    DELIVERY_MODES,
    INTERACTIVE_GRANTS,
    KEY_METHODS,
    REFRESH_GRANT,
    SUBJECT_TYPES,
    TOKEN_FORMATS,
    ClientInvalid,
    ClientLimits,
    NewClient,
)
from protocols.oauth2.client_rows import OPERATOR, Credentials, Registered
from protocols.oauth2.client_secrets import mint_secret, secret_weakness
from protocols.oauth2.clients import Client, ClientExists, Clients
from protocols.oauth2.errors import OAuthError, invalid_client, invalid_request
from protocols.oauth2.forms import Form, parse_form
from protocols.oauth2.grants import NewGrant, forget_tokens, has_grant, revoke_grant, store_grant
from protocols.oauth2.hashing import hash_of
from protocols.oauth2.idempotency import parse_idempotency_key
from protocols.oauth2.initial_tokens import InitialToken, InitialTokens, TokenNameTaken, mint_initial_token
from protocols.oauth2.key_pairs import ALGORITHMS, KeyMaterial, NewKey, make_key
from protocols.oauth2.key_register import (
    KeyInUse,
    UnknownKey,
    forget_private_half,
    generate_keys,
    key_times,
    overdue_algorithms,
    rotate_key,
    rotate_overdue,
)
from protocols.oauth2.key_schedule import KeyState, KeyTimes, Rotation, SchedulePolicy
from protocols.oauth2.key_sets import KeySet, KeySetInvalid, parse_key_set
from protocols.oauth2.landings import Closed, Landing, Opened
from protocols.oauth2.permissions import Permission, permissions_of
from protocols.oauth2.profiles import PROFILES, Profile, ProfileName, profile_named, profile_of
from protocols.oauth2.refresh_grant import RefreshGrant
from protocols.oauth2.refresh_tokens import forget_refresh_tokens
from protocols.oauth2.registration import SELF, Registration, RegistrationRules
from protocols.oauth2.remote_keys import KeyFetcher, KeysNotThere, RemoteKeys
from protocols.oauth2.resources import RESOURCE, narrowed_resources, parse_resources
from protocols.oauth2.scopes import OFFLINE, STANDARD_SCOPES, Scope, parse_scope
from protocols.oauth2.signing_keys import (
    ASSERTION_TYPE,
    AssertionKey,
    NoSigningKey,
    Register,
    SigningKey,
    SigningKeys,
    load_assertion_key,
)
from protocols.oauth2.subjects import Subject, person_of, subject_for
from protocols.oauth2.tables import OAUTH2_TABLES
from protocols.oauth2.token_orders import RandomTexts, token_order
from protocols.oauth2.token_requests import Grant, Hold, TokenRequest
from protocols.oauth2.tokens import Approval, TokenOrder, TokenPolicy, TokenSet, build_tokens
from protocols.oauth2.used_assertions import forget_assertions
from protocols.oauth2.userinfo import Guard

__all__ = [
    "ALGORITHMS",
    "ASSERTION_TYPE",
    "AUTH_METHODS",
    "CIBA_GRANT",
    "CLIENT_AUTHENTICATION_PARAMETERS",
    "DELIVERY_MODES",
    "INTERACTIVE_GRANTS",
    "KEY_ALGORITHMS",
    "KEY_METHODS",
    "OAUTH2_TABLES",
    "OFFLINE",
    "OPERATOR",
    "PROFILES",
    "REFRESH_GRANT",
    "RESOURCE",
    "SELF",
    "STANDARD_SCOPES",
    "SUBJECT_TYPES",
    "TOKEN_FORMATS",
    "Accounts",
    "Ambiguous",
    "Approval",
    "AssertionKey",
    "Client",
    "ClientExists",
    "ClientInvalid",
    "ClientLimits",
    "ClientPolicy",
    "ClientProofs",
    "Clients",
    "Closed",
    "Credentials",
    "Form",
    "Found",
    "Grant",
    "Guard",
    "Hold",
    "InitialToken",
    "InitialTokens",
    "KeyFetcher",
    "KeyInUse",
    "KeyMaterial",
    "KeySet",
    "KeySetInvalid",
    "KeyState",
    "KeyTimes",
    "KeysNotThere",
    "Landing",
    "NewClient",
    "NewGrant",
    "NewKey",
    "NoSigningKey",
    "Nobody",
    "OAuthError",
    "Opened",
    "Permission",
    "Presented",
    "Profile",
    "ProfileName",
    "RandomTexts",
    "RefreshGrant",
    "Register",
    "Registered",
    "Registration",
    "RegistrationRules",
    "RemoteKeys",
    "Rotation",
    "SchedulePolicy",
    "Scope",
    "SigningKey",
    "SigningKeys",
    "Subject",
    "TokenNameTaken",
    "TokenOrder",
    "TokenPolicy",
    "TokenRequest",
    "TokenSet",
    "UnknownKey",
    "authenticate",
    "build_tokens",
    "forget_assertions",
    "forget_private_half",
    "forget_refresh_tokens",
    "forget_tokens",
    "generate_keys",
    "has_grant",
    "hash_of",
    "invalid_client",
    "invalid_request",
    "key_times",
    "load_assertion_key",
    "make_key",
    "mint_initial_token",
    "mint_secret",
    "narrowed_resources",
    "overdue_algorithms",
    "parse_form",
    "parse_idempotency_key",
    "parse_key_set",
    "parse_resources",
    "parse_scope",
    "permissions_of",
    "person_of",
    "presented",
    "profile_named",
    "profile_of",
    "require_grant",
    "revoke_grant",
    "rotate_key",
    "rotate_overdue",
    "secret_weakness",
    "store_grant",
    "subject_for",
    "token_order",
]
