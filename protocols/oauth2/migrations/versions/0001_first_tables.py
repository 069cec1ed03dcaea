"""The first tables: clients, signing keys, grants, access tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oauth2_clients",
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("secret_mac", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("delivery_mode", sa.Text, nullable=False),
        sa.Column("grant_types", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("auth_method", sa.Text),
        sa.Column("interval_seconds", sa.Integer),
        sa.Column("max_expiry_seconds", sa.Integer),
        sa.Column("limits", sa.Text, nullable=False),
        sa.Column("binding_max", sa.Integer),
        sa.Column("binding_pattern", sa.Text),
        sa.Column("disabled", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "oauth2_signing_keys",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("private_key", sa.LargeBinary),
        sa.Column("active_from", sa.BigInteger, nullable=False),
        sa.Column("retired_at", sa.BigInteger),
        sa.Column("unpublished_at", sa.BigInteger),
    )
    op.create_table(
        "oauth2_grants",
        sa.Column("grant_id", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("revoked_reason", sa.Text),
    )
    op.create_table(
        "oauth2_access_tokens",
        sa.Column("jti", sa.Text, primary_key=True),
        sa.Column("grant_id", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_index("oauth2_access_tokens_by_expiry", "oauth2_access_tokens", ["expires_at"])
    op.create_index("oauth2_access_tokens_by_grant", "oauth2_access_tokens", ["grant_id"])
