"""Refresh tokens, what their grants remember of the sign-in, and clients that rotate."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth2_clients", sa.Column("rotates_refresh", sa.Integer))
    op.add_column("oauth2_grants", sa.Column("auth_time", sa.BigInteger))
    op.add_column("oauth2_grants", sa.Column("methods", sa.Text))
    op.add_column("oauth2_grants", sa.Column("acr", sa.Text))
    op.create_table(
        "oauth2_refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("grant_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("replaced_at", sa.BigInteger),
    )
    op.create_index("oauth2_refresh_tokens_by_previous", "oauth2_refresh_tokens", ["previous_hash"])
    op.create_index("oauth2_refresh_tokens_by_expiry", "oauth2_refresh_tokens", ["expires_at"])
    op.create_index("oauth2_refresh_tokens_by_grant", "oauth2_refresh_tokens", ["grant_id"])
