"""Tokens that are bound to a certificate or a key, and the proofs that were used."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth2_access_tokens", sa.Column("confirmation", sa.Text))
    op.create_table(
        "oauth2_used_proofs",
        sa.Column("proof_hash", sa.LargeBinary, primary_key=True),
        sa.Column("attempt", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("oauth2_used_proofs_by_expiry", "oauth2_used_proofs", ["expires_at"])
