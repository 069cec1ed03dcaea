"""The tables that the server itself owns: people, their hint keys and attempts, consents, sessions of the gate.

Every column says how it is kept (ciba.md "Storage"); a test walks them. No foreign key leaves this package.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

from engine.storage import TableOwner

__all__ = [
    "LOCKHOUSE_TABLES",
    "attempt_counts",
    "attempts",
    "consents",
    "hint_keys",
    "metadata",
    "operator_tokens",
    "persons",
    "session_attempts",
    "sessions",
    "user_code_tries",
]

metadata = MetaData()

_CLEAR = {"kept": "clear"}
_HASHED = {"kept": "hashed"}
_KEYED_HASH = {"kept": "keyed_hash"}
_SEALED = {"kept": "sealed"}
_ARGON2ID = {"kept": "argon2id"}


def _column(name: str, kind: Any, kept: dict[str, str], **options: Any) -> Column[Any]:
    options.setdefault("nullable", False)
    return Column(name, kind, info=kept, **options)


persons = Table(
    "lockhouse_persons",
    metadata,
    _column("subject", Text, _CLEAR, primary_key=True),  # 128 random bits, never reissued
    _column("status", Text, _CLEAR),
    _column("revision", Integer, _CLEAR),
    _column("profile", LargeBinary, _SEALED),
    _column("password", Text, _ARGON2ID, nullable=True),
    _column("failures", Integer, _CLEAR),
    _column("next_try_at", BigInteger, _CLEAR),
    _column("created_at", BigInteger, _CLEAR),
    _column("user_code", Text, _ARGON2ID, nullable=True),
)

hint_keys = Table(
    "lockhouse_hint_keys",
    metadata,
    _column("key_hash", LargeBinary, _KEYED_HASH, primary_key=True),
    _column("subject", Text, _CLEAR, primary_key=True),
    _column("kind", Text, _CLEAR),
    # Two people may share a mailbox or a telephone; nobody shares a user name.
    Index(
        "lockhouse_hint_keys_user_name",
        "key_hash",
        unique=True,
        sqlite_where=text("kind = 'username'"),
        postgresql_where=text("kind = 'username'"),
    ),
    Index("lockhouse_hint_keys_subject", "subject"),
)

attempts = Table(
    "lockhouse_attempts",
    metadata,
    _column("key", Text, _CLEAR, primary_key=True),  # the engine's idempotency key of the task
    _column("correlation", Text, _CLEAR),
    _column("subject", Text, _CLEAR),
    _column("number", Integer, _CLEAR),
    _column("reserved_at", BigInteger, _CLEAR),
    Index("lockhouse_attempts_reserved_at", "reserved_at"),
)

attempt_counts = Table(
    "lockhouse_attempt_counts",
    metadata,
    _column("correlation", Text, _CLEAR, primary_key=True),
    _column("used", Integer, _CLEAR),
    _column("opened_at", BigInteger, _CLEAR),
    Index("lockhouse_attempt_counts_opened_at", "opened_at"),
)

# A row for each client and person, and one with no client for all clients together.
user_code_tries = Table(
    "lockhouse_user_code_tries",
    metadata,
    _column("subject", Text, _CLEAR, primary_key=True),
    _column("client_id", Text, _CLEAR, primary_key=True),
    _column("failures", Integer, _CLEAR),
    _column("tried_at", BigInteger, _CLEAR),
    _column("next_try_at", BigInteger, _CLEAR),
    Index("lockhouse_user_code_tries_tried_at", "tried_at"),
)

consents = Table(
    "lockhouse_consents",
    metadata,
    _column("key", Text, _CLEAR, primary_key=True),  # the engine's idempotency key of the task
    _column("subject", Text, _CLEAR),
    _column("correlation", Text, _CLEAR),
    _column("decided_at", BigInteger, _CLEAR),
    _column("decision", LargeBinary, _SEALED),
    Index("lockhouse_consents_subject", "subject", "decided_at"),
)

sessions = Table(
    "lockhouse_sessions",
    metadata,
    _column("id_hash", LargeBinary, _HASHED, primary_key=True),
    _column("created_at", BigInteger, _CLEAR),
    _column("seen_at", BigInteger, _CLEAR),
    _column("subject", LargeBinary, _SEALED, nullable=True),
    _column("replaces", LargeBinary, _HASHED, nullable=True),
    Index("lockhouse_sessions_seen_at", "seen_at"),
    Index("lockhouse_sessions_replaces", "replaces"),
)

session_attempts = Table(
    "lockhouse_session_attempts",
    metadata,
    _column("session_hash", LargeBinary, _HASHED, primary_key=True),
    _column("link_hash", LargeBinary, _HASHED, primary_key=True),
    _column("execution", Text, _CLEAR),
    _column("opened_at", BigInteger, _CLEAR),
    _column("signed_in_at", BigInteger, _CLEAR, nullable=True),
    Index("lockhouse_session_attempts_opened_at", "opened_at"),
)

operator_tokens = Table(
    "lockhouse_operator_tokens",
    metadata,
    _column("name", Text, _CLEAR, primary_key=True),
    _column("token_hash", LargeBinary, _HASHED),
    _column("scopes", Text, _CLEAR),
    _column("created_at", BigInteger, _CLEAR),
    Index("lockhouse_operator_tokens_token_hash", "token_hash", unique=True),
)

LOCKHOUSE_TABLES = TableOwner(
    name="lockhouse",
    metadata=metadata,
    migrations=Path(__file__).parent / "migrations",
    version_table="lockhouse_version",
)
