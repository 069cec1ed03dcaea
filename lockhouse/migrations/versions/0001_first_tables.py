"""The first tables: people, hint keys, tries, consents, sessions of the gate."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lockhouse_persons",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("profile", sa.LargeBinary, nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "lockhouse_hint_keys",
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
    )
    names = sa.text("kind = 'username'")
    op.create_index(
        "lockhouse_hint_keys_user_name",
        "lockhouse_hint_keys",
        ["key_hash"],
        unique=True,
        sqlite_where=names,
        postgresql_where=names,
    )
    op.create_index("lockhouse_hint_keys_subject", "lockhouse_hint_keys", ["subject"])
    _tries()
    op.create_table(
        "lockhouse_consents",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("correlation", sa.Text, nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.LargeBinary, nullable=False),
    )
    op.create_index("lockhouse_consents_subject", "lockhouse_consents", ["subject", "decided_at"])
    _sessions()


def _tries() -> None:
    op.create_table(
        "lockhouse_attempts",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("correlation", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("reserved_at", sa.BigInteger, nullable=False),
    )
    op.create_index("lockhouse_attempts_reserved_at", "lockhouse_attempts", ["reserved_at"])
    op.create_table(
        "lockhouse_attempt_counts",
        sa.Column("correlation", sa.Text, primary_key=True),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
    )
    op.create_index("lockhouse_attempt_counts_opened_at", "lockhouse_attempt_counts", ["opened_at"])


def _sessions() -> None:
    op.create_table(
        "lockhouse_sessions",
        sa.Column("id_hash", sa.LargeBinary, primary_key=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.LargeBinary),
        sa.Column("replaces", sa.LargeBinary),
    )
    op.create_index("lockhouse_sessions_seen_at", "lockhouse_sessions", ["seen_at"])
    op.create_index("lockhouse_sessions_replaces", "lockhouse_sessions", ["replaces"])
    op.create_table(
        "lockhouse_session_attempts",
        sa.Column("session_hash", sa.LargeBinary, primary_key=True),
        sa.Column("link_hash", sa.LargeBinary, primary_key=True),
        sa.Column("execution", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("signed_in_at", sa.BigInteger),
    )
    op.create_index("lockhouse_session_attempts_opened_at", "lockhouse_session_attempts", ["opened_at"])
