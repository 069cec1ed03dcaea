"""The tables of the authorization server's common part. Each column says in ``kept`` how it is stored."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from engine.storage import TableOwner

METADATA = MetaData()
_CLEAR = {"kept": "clear"}

CLIENTS = Table(
    "oauth2_clients",
    METADATA,
    Column("client_id", Text, primary_key=True, info=_CLEAR),
    Column("secret_mac", LargeBinary, nullable=False, info={"kept": "keyed_hash"}),
    Column("name", Text, nullable=False, info=_CLEAR),
    Column("delivery_mode", Text, nullable=False, info=_CLEAR),
    Column("grant_types", Text, nullable=False, info=_CLEAR),
    Column("scopes", Text, nullable=False, info=_CLEAR),
    Column("auth_method", Text, info=_CLEAR),
    Column("interval_seconds", Integer, info=_CLEAR),
    Column("max_expiry_seconds", Integer, info=_CLEAR),
    Column("limits", Text, nullable=False, info=_CLEAR),
    Column("binding_max", Integer, info=_CLEAR),
    Column("binding_pattern", Text, info=_CLEAR),
    Column("disabled", Integer, nullable=False, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
    Column("id_token_alg", Text, info=_CLEAR),
    # Only of clients that sign with it (client_secret_jwt): a hash could not check a signature.
    Column("sealed_secret", LargeBinary, info={"kept": "sealed"}),
    Column("jwks", Text, info=_CLEAR),
    Column("jwks_uri", Text, info=_CLEAR),
    Column("auth_alg", Text, info=_CLEAR),
    Column("resource", Text, info=_CLEAR),
    Column("rotates_refresh", Integer, info=_CLEAR),
    Column("notification_endpoint", Text, info=_CLEAR),
    Column("request_alg", Text, info=_CLEAR),
    Column("takes_user_code", Integer, info=_CLEAR),
    Column("subject_type", Text, info=_CLEAR),
    Column("sector", Text, info=_CLEAR),
    Column("token_format", Text, info=_CLEAR),
    Column("agent", Integer, info=_CLEAR),
    Column("profile", Text, info=_CLEAR),
    Column("redirect_uris", Text, info=_CLEAR),
    # the one name that its certificate carries (tls_client_auth, RFC 8705 section 2.1.2)
    Column("tls_subject_dn", Text, info=_CLEAR),
    Column("tls_san_dns", Text, info=_CLEAR),
    Column("tls_san_uri", Text, info=_CLEAR),
    Column("tls_san_ip", Text, info=_CLEAR),
    Column("tls_san_email", Text, info=_CLEAR),
    # what its access tokens are bound to (RFC 8705 section 3, RFC 9449 section 5)
    Column("certificate_bound", Integer, info=_CLEAR),
    Column("dpop_bound", Integer, info=_CLEAR),
    # who keeps this client: the operator, a file of clients, or itself by registration
    Column("origin", Text, info=_CLEAR),
    Column("registration_hash", LargeBinary, info={"kept": "hashed"}),
    # what is only shown or handed back (RFC 7591 section 2): names, addresses, contacts
    Column("details", Text, info=_CLEAR),
)

# What an operator gives somebody who may register clients over HTTP (RFC 7591 section 3).
INITIAL_TOKENS = Table(
    "oauth2_initial_tokens",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True, info={"kept": "hashed"}),
    Column("name", Text, nullable=False, unique=True, info=_CLEAR),
    Column("scopes", Text, nullable=False, info=_CLEAR),
    Column("uses_left", Integer, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
    Column("expires_at", BigInteger, info=_CLEAR),
)

# Assertions that were used: none counts twice. ``attempt`` is the request's own, so that it may be tried again.
CLIENT_ASSERTIONS = Table(
    "oauth2_client_assertions",
    METADATA,
    Column("client_id", Text, primary_key=True, info=_CLEAR),
    Column("jti_hash", LargeBinary, primary_key=True, info={"kept": "hashed"}),
    Column("attempt", LargeBinary, nullable=False, info={"kept": "hashed"}),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Index("oauth2_client_assertions_by_expiry", "expires_at"),
)

# Proofs of possession that were used, by key and jti: none counts twice. ``attempt`` is as above.
USED_PROOFS = Table(
    "oauth2_used_proofs",
    METADATA,
    Column("proof_hash", LargeBinary, primary_key=True, info={"kept": "hashed"}),
    Column("attempt", LargeBinary, nullable=False, info={"kept": "hashed"}),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Index("oauth2_used_proofs_by_expiry", "expires_at"),
)

# Never deleted: a key that has left the JWKS still verifies what it once signed.
SIGNING_KEYS = Table(
    "oauth2_signing_keys",
    METADATA,
    Column("kid", Text, primary_key=True, info=_CLEAR),
    Column("purpose", Text, nullable=False, info=_CLEAR),
    Column("algorithm", Text, nullable=False, info=_CLEAR),
    Column("public_key", Text, nullable=False, info=_CLEAR),
    Column("private_key", LargeBinary, info={"kept": "sealed"}),
    Column("active_from", BigInteger, nullable=False, info=_CLEAR),
    Column("retired_at", BigInteger, info=_CLEAR),
    Column("unpublished_at", BigInteger, info=_CLEAR),
)

GRANTS = Table(
    "oauth2_grants",
    METADATA,
    Column("grant_id", Text, primary_key=True, info=_CLEAR),
    Column("client_id", Text, nullable=False, info=_CLEAR),
    Column("user_id", Text, nullable=False, info=_CLEAR),
    Column("scope", Text, nullable=False, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
    Column("revoked_at", BigInteger, info=_CLEAR),
    Column("revoked_reason", Text, info=_CLEAR),
    Column("auth_time", BigInteger, info=_CLEAR),
    Column("methods", Text, info=_CLEAR),
    Column("acr", Text, info=_CLEAR),
    Column("resources", Text, info=_CLEAR),
    # what the client is told that the person is called, where that is not their own id
    Column("subject", Text, info=_CLEAR),
)

# Whom the pairwise names mean that clients were told, for the way back; never deleted, as names are never given anew.
SUBJECTS = Table(
    "oauth2_subjects",
    METADATA,
    Column("sector", Text, primary_key=True, info=_CLEAR),
    Column("subject", Text, primary_key=True, info=_CLEAR),
    Column("user_id", Text, nullable=False, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
)

REFRESH_TOKENS = Table(
    "oauth2_refresh_tokens",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True, info={"kept": "hashed"}),
    Column("grant_id", Text, nullable=False, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Column("previous_hash", LargeBinary, info={"kept": "hashed"}),
    Column("used_at", BigInteger, info=_CLEAR),
    Column("replaced_at", BigInteger, info=_CLEAR),
    Index("oauth2_refresh_tokens_by_previous", "previous_hash"),
    Index("oauth2_refresh_tokens_by_expiry", "expires_at"),
    Index("oauth2_refresh_tokens_by_grant", "grant_id"),
)

ACCESS_TOKENS = Table(
    "oauth2_access_tokens",
    METADATA,
    Column("jti", Text, primary_key=True, info=_CLEAR),
    Column("grant_id", Text, nullable=False, info=_CLEAR),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Column("revoked_at", BigInteger, info=_CLEAR),
    # Of opaque tokens: what a signed one would say itself.
    Column("token_hash", LargeBinary, info={"kept": "hashed"}),
    Column("audience", Text, info=_CLEAR),
    Column("scope", Text, info=_CLEAR),
    Column("issued_at", BigInteger, info=_CLEAR),
    Column("confirmation", Text, info=_CLEAR),
    Index("oauth2_access_tokens_by_grant", "grant_id"),
    Index("oauth2_access_tokens_by_hash", "token_hash", unique=True),
    Index("oauth2_access_tokens_by_expiry", "expires_at"),
)

# What somebody is asked in their own browser: all that the code grant and the device grant have in common.
AUTHORIZATIONS = Table(
    "oauth2_authorizations",
    METADATA,
    Column("authorization_id", Text, primary_key=True, info=_CLEAR),
    Column("link_hash", LargeBinary, nullable=False, unique=True, info={"kept": "hashed"}),
    Column("client_id", Text, nullable=False, info=_CLEAR),
    # what the person goes through
    Column("flow", Text, nullable=False, info=_CLEAR),
    Column("scope", Text, nullable=False, info=_CLEAR),
    Column("resources", Text, nullable=False, info=_CLEAR),
    Column("status", Text, nullable=False, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    # whom the client means: a name to begin with, or the only person who may answer
    Column("login_hint", LargeBinary, info={"kept": "sealed"}),
    Column("expected_user", Text, info=_CLEAR),
    Column("message", LargeBinary, info={"kept": "sealed"}),
    # who has proved who they are, and the attempt in which they did
    Column("user_id", Text, info=_CLEAR),
    Column("execution", Text, info=_CLEAR),
    Column("flow_digest", Text, info=_CLEAR),
    # what they decided, and the assertion that said so
    Column("granted", Text, info=_CLEAR),
    Column("methods", Text, info=_CLEAR),
    Column("auth_time", BigInteger, info=_CLEAR),
    Column("assertion", LargeBinary, info={"kept": "keyed_hash"}),
    Column("grant_id", Text, info=_CLEAR),
    Index("oauth2_authorizations_by_execution", "execution"),
    Index("oauth2_authorizations_by_expiry", "expires_at"),
)

OAUTH2_TABLES = TableOwner(
    name="oauth2",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    version_table="oauth2_version",
)
