"""Who may answer the steps that are by a person."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "engine_person_tokens",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("execution", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("engine_person_tokens_execution", "engine_person_tokens", ["execution"])
    op.create_index("engine_person_tokens_expires_at", "engine_person_tokens", ["expires_at"])
