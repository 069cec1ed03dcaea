"""The tables of CIBA: the record of a backchannel request and what belongs to it. Each column says in ``kept`` how."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from engine.storage import TableOwner

METADATA = MetaData()
_CLEAR = {"kept": "clear"}
_HASHED = {"kept": "hashed"}
_KEYED = {"kept": "keyed_hash"}
_SEALED = {"kept": "sealed"}

REQUESTS = Table(
    "ciba_requests",
    METADATA,
    Column("request_id", Text, primary_key=True, info=_CLEAR),
    Column("auth_req_id_hash", LargeBinary, nullable=False, unique=True, info=_HASHED),
    Column("link_hash", LargeBinary, nullable=False, unique=True, info=_HASHED),
    Column("client_id", Text, nullable=False, info=_CLEAR),
    Column("user_id", Text, nullable=False, info=_CLEAR),
    Column("delivery_mode", Text, nullable=False, info=_CLEAR),
    Column("scope", Text, nullable=False, info=_CLEAR),
    Column("acr_values", Text, info=_CLEAR),
    Column("binding_message", LargeBinary, info=_SEALED),
    Column("binding_message_hash", LargeBinary, info=_KEYED),
    Column("flow_execution_id", Text, nullable=False, info=_CLEAR),
    Column("login_execution_id", Text, info=_CLEAR),
    Column("flow_digest", Text, info=_CLEAR),
    Column("status", Text, nullable=False, info=_CLEAR),
    Column("reason", Text, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Column("redeem_by", BigInteger, nullable=False, info=_CLEAR),
    Column("decided_at", BigInteger, info=_CLEAR),
    Column("redeemed_at", BigInteger, info=_CLEAR),
    # the one moment at which the sweep next has something to do with this row
    Column("due_at", BigInteger, nullable=False, info=_CLEAR),
    # the polling columns: a poll writes these and no others
    Column("poll_interval", Integer, nullable=False, info=_CLEAR),
    Column("last_poll_at", BigInteger, info=_CLEAR),
    Column("raised_at", BigInteger, info=_CLEAR),
    Column("early_polls", Integer, nullable=False, info=_CLEAR),
    # what the person decided
    Column("granted", Text, info=_CLEAR),
    Column("methods", Text, info=_CLEAR),
    Column("auth_time", BigInteger, info=_CLEAR),
    # what ping, push and their answers need; erased at a final state
    Column("auth_req_id", LargeBinary, info=_SEALED),
    Column("notification_token", LargeBinary, info=_SEALED),
    Column("resources", Text, info=_CLEAR),
    Column("hint_unverified", Integer, info=_CLEAR),
    Column("decoy", Integer, info=_CLEAR),
    # what was given for it
    Column("grant_id", Text, info=_CLEAR),
    # what its tokens are bound to: of push clients from the beginning, of others since they were given
    Column("confirmation", Text, info=_CLEAR),
    Column("answer", LargeBinary, info=_SEALED),
    Column("answer_key", LargeBinary, info=_KEYED),
    Index("ciba_requests_by_person", "user_id", "created_at"),
    Index("ciba_requests_by_client", "client_id", "status", "created_at"),
    Index("ciba_requests_due", "due_at"),
)

# A row per Idempotency-Key of bc-authorize; kept until the request expires.
INITIATIONS = Table(
    "ciba_initiations",
    METADATA,
    Column("client_id", Text, primary_key=True, info=_CLEAR),
    Column("key_hash", LargeBinary, primary_key=True, info=_KEYED),
    Column("parameters_mac", LargeBinary, nullable=False, info=_KEYED),
    Column("request_id", Text, nullable=False, info=_CLEAR),
    Column("auth_req_id", LargeBinary, info=_SEALED),
    Column("interval_seconds", Integer, nullable=False, info=_CLEAR),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Index("ciba_initiations_by_request", "request_id"),
    Index("ciba_initiations_by_expiry", "expires_at"),
)

# A row per login attempt that was opened from the link.
ATTEMPTS = Table(
    "ciba_attempts",
    METADATA,
    Column("execution", Text, primary_key=True, info=_CLEAR),
    Column("request_id", Text, nullable=False, info=_CLEAR),
    Column("flow_digest", Text, nullable=False, info=_CLEAR),
    Column("opened_at", BigInteger, nullable=False, info=_CLEAR),
    Column("closed", Text, info=_CLEAR),  # null while open, else "ended" or "displaced"
    Index("ciba_attempts_by_request", "request_id", "opened_at"),
)

# What the callback has seen: the same assertion gets the same answer and has no second effect.
ASSERTIONS = Table(
    "ciba_assertions",
    METADATA,
    Column("jti", Text, primary_key=True, info=_CLEAR),
    Column("claims_digest", LargeBinary, nullable=False, info=_KEYED),
    Column("accepted", Integer, nullable=False, info=_CLEAR),
    Column("reason", Text, nullable=False, info=_CLEAR),
    Column("forget_at", BigInteger, nullable=False, info=_CLEAR),
    Index("ciba_assertions_forget", "forget_at"),
)

# The pairs of client and person that an authenticated "not me" has blocked.
BLOCKS = Table(
    "ciba_blocks",
    METADATA,
    Column("client_id", Text, primary_key=True, info=_CLEAR),
    Column("user_id", Text, primary_key=True, info=_CLEAR),
    Column("reason", Text, nullable=False, info=_CLEAR),
    Column("created_at", BigInteger, nullable=False, info=_CLEAR),
)

# Request objects and login_hint_tokens that were used: none counts twice.
USED_TOKENS = Table(
    "ciba_used_tokens",
    METADATA,
    Column("purpose", Text, primary_key=True, info=_CLEAR),
    Column("issuer", Text, primary_key=True, info=_CLEAR),
    Column("jti_hash", LargeBinary, primary_key=True, info=_HASHED),
    Column("request_id", Text, nullable=False, info=_CLEAR),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Index("ciba_used_tokens_by_expiry", "expires_at"),
)

AUDIT = Table(
    "ciba_audit",
    METADATA,
    Column("request_id", Text, primary_key=True, info=_CLEAR),
    Column("at", BigInteger, primary_key=True, info=_CLEAR),
    Column("event", Text, primary_key=True, info=_CLEAR),
    Column("client_id", Text, nullable=False, info=_CLEAR),
    Column("user_id", Text, nullable=False, info=_CLEAR),
    Column("reason", Text, nullable=False, info=_CLEAR),
    Index("ciba_audit_by_time", "at"),
)

CIBA_TABLES = TableOwner(
    name="oauth2_ciba",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    version_table="ciba_version",
)
