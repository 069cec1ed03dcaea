"""A client may ask for another algorithm in its ID tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth2_clients", sa.Column("id_token_alg", sa.Text))
