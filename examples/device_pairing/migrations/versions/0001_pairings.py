"""The first table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "pairings",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("device_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("user_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
