"""Clients prove themselves by signed assertions; each counts once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth2_clients", sa.Column("sealed_secret", sa.LargeBinary))
    op.add_column("oauth2_clients", sa.Column("jwks", sa.Text))
    op.add_column("oauth2_clients", sa.Column("jwks_uri", sa.Text))
    op.add_column("oauth2_clients", sa.Column("auth_alg", sa.Text))
    op.create_table(
        "oauth2_client_assertions",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("jti_hash", sa.LargeBinary, primary_key=True),
        sa.Column("attempt", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("oauth2_client_assertions_by_expiry", "oauth2_client_assertions", ["expires_at"])
