import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("raw", sa.LargeBinary),
        sa.CheckConstraint("size >= 0", name="notes_size"),
    )
