"""The first tables: requests, initiations, attempts, assertions, persons, blocks, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ciba_requests",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("auth_req_id_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("delivery_mode", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("acr_values", sa.Text),
        sa.Column("binding_message", sa.LargeBinary),
        sa.Column("binding_message_hash", sa.LargeBinary),
        sa.Column("flow_execution_id", sa.Text, nullable=False),
        sa.Column("login_execution_id", sa.Text),
        sa.Column("flow_digest", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("redeem_by", sa.BigInteger, nullable=False),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("redeemed_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("poll_interval", sa.Integer, nullable=False),
        sa.Column("last_poll_at", sa.BigInteger),
        sa.Column("raised_at", sa.BigInteger),
        sa.Column("early_polls", sa.Integer, nullable=False),
        sa.Column("granted", sa.Text),
        sa.Column("methods", sa.Text),
        sa.Column("auth_time", sa.BigInteger),
        sa.Column("grant_id", sa.Text),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("answer_key", sa.LargeBinary),
    )
    op.create_index("ciba_requests_by_client", "ciba_requests", ["client_id", "status", "created_at"])
    op.create_index("ciba_requests_by_person", "ciba_requests", ["user_id", "created_at"])
    op.create_index("ciba_requests_due", "ciba_requests", ["due_at"])
    op.create_table(
        "ciba_initiations",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("key_hash", sa.LargeBinary, primary_key=True, autoincrement=False),
        sa.Column("parameters_mac", sa.LargeBinary, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("auth_req_id", sa.LargeBinary),
        sa.Column("interval_seconds", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ciba_initiations_by_expiry", "ciba_initiations", ["expires_at"])
    op.create_index("ciba_initiations_by_request", "ciba_initiations", ["request_id"])
    op.create_table(
        "ciba_attempts",
        sa.Column("execution", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("flow_digest", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.Text),
    )
    op.create_index("ciba_attempts_by_request", "ciba_attempts", ["request_id", "opened_at"])
    op.create_table(
        "ciba_assertions",
        sa.Column("jti", sa.Text, primary_key=True),
        sa.Column("claims_digest", sa.LargeBinary, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("forget_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ciba_assertions_forget", "ciba_assertions", ["forget_at"])
    op.create_table(
        "ciba_persons",
        sa.Column("user_id", sa.Text, primary_key=True),
    )
    op.create_table(
        "ciba_blocks",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ciba_audit",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ciba_audit_by_time", "ciba_audit", ["at"])
