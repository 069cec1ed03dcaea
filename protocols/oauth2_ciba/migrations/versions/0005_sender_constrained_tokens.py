"""What the tokens of a request are bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ciba_requests", sa.Column("confirmation", sa.Text))
