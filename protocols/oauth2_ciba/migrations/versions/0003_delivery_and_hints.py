"""What ping and push need, the resources asked for, and what is known of the hint."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ciba_requests", sa.Column("auth_req_id", sa.LargeBinary))
    op.add_column("ciba_requests", sa.Column("notification_token", sa.LargeBinary))
    op.add_column("ciba_requests", sa.Column("resources", sa.Text))
    op.add_column("ciba_requests", sa.Column("hint_unverified", sa.Integer))
    op.add_column("ciba_requests", sa.Column("decoy", sa.Integer))
