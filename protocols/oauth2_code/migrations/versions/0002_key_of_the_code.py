"""The only key that a code may be used with (RFC 9449 section 10)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("code_requests", sa.Column("dpop_jkt", sa.Text))
