"""What people give to clients so that no other can disturb them, and the tries to guess it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lockhouse_persons", sa.Column("user_code", sa.Text))
    op.create_table(
        "lockhouse_user_code_tries",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("tried_at", sa.BigInteger, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=False),
    )
    op.create_index("lockhouse_user_code_tries_tried_at", "lockhouse_user_code_tries", ["tried_at"])
