"""What people are asked in their own browser, and where clients have them come back to."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth2_clients", sa.Column("redirect_uris", sa.Text))
    op.create_table(
        "oauth2_authorizations",
        sa.Column("authorization_id", sa.Text, primary_key=True),
        sa.Column("link_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("resources", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("login_hint", sa.LargeBinary),
        sa.Column("expected_user", sa.Text),
        sa.Column("message", sa.LargeBinary),
        sa.Column("user_id", sa.Text),
        sa.Column("execution", sa.Text),
        sa.Column("flow_digest", sa.Text),
        sa.Column("granted", sa.Text),
        sa.Column("methods", sa.Text),
        sa.Column("auth_time", sa.BigInteger),
        sa.Column("assertion", sa.LargeBinary),
        sa.Column("grant_id", sa.Text),
    )
    op.create_index("oauth2_authorizations_by_execution", "oauth2_authorizations", ["execution"])
    op.create_index("oauth2_authorizations_by_expiry", "oauth2_authorizations", ["expires_at"])
