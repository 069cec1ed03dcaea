"""Authorization requests, their codes, and pushed requests."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_requests",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("redirect_uri", sa.Text, nullable=False),
        sa.Column("state", sa.LargeBinary),
        sa.Column("nonce", sa.LargeBinary),
        sa.Column("challenge", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("left_at", sa.BigInteger),
        sa.Column("code_hash", sa.LargeBinary),
    )
    op.create_index("code_requests_by_code", "code_requests", ["code_hash"], unique=True)
    op.create_index("code_requests_by_expiry", "code_requests", ["expires_at"])
    op.create_table(
        "code_pushed",
        sa.Column("name_hash", sa.LargeBinary, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("parameters", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
    )
    op.create_index("code_pushed_by_expiry", "code_pushed", ["expires_at"])
