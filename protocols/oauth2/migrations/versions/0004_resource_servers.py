"""A client may be an API, which asks about the tokens that are meant for it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth2_clients", sa.Column("resource", sa.Text))
