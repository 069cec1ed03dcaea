"""Device requests, and how many wrong codes were typed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_requests",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("device_code_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("user_code_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("poll_interval", sa.Integer, nullable=False),
        sa.Column("last_poll_at", sa.BigInteger),
        sa.Column("raised_at", sa.BigInteger),
        sa.Column("early_polls", sa.Integer, nullable=False),
    )
    op.create_index("device_requests_by_expiry", "device_requests", ["expires_at"])
    op.create_table(
        "device_wrong_codes",
        sa.Column("minute", sa.BigInteger, primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
    )
