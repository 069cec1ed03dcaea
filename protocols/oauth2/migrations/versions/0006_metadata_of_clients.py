"""What clients register beyond how they prove themselves; grants for resources; opaque access tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXTS = (
    "notification_endpoint",
    "request_alg",
    "subject_type",
    "sector",
    "token_format",
    "profile",
    "origin",
    "details",
)


def upgrade() -> None:
    for name in _TEXTS:
        op.add_column("oauth2_clients", sa.Column(name, sa.Text))
    op.add_column("oauth2_clients", sa.Column("takes_user_code", sa.Integer))
    op.add_column("oauth2_clients", sa.Column("agent", sa.Integer))
    op.add_column("oauth2_clients", sa.Column("registration_hash", sa.LargeBinary))
    op.add_column("oauth2_grants", sa.Column("resources", sa.Text))
    op.add_column("oauth2_access_tokens", sa.Column("token_hash", sa.LargeBinary))
    op.add_column("oauth2_access_tokens", sa.Column("audience", sa.Text))
    op.add_column("oauth2_access_tokens", sa.Column("scope", sa.Text))
    op.add_column("oauth2_access_tokens", sa.Column("issued_at", sa.BigInteger))
    op.create_index("oauth2_access_tokens_by_hash", "oauth2_access_tokens", ["token_hash"], unique=True)
