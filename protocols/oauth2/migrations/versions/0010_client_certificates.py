"""How clients prove themselves by certificates, and what their access tokens are bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tls_subject_dn", "tls_san_dns", "tls_san_uri", "tls_san_ip", "tls_san_email"):
        op.add_column("oauth2_clients", sa.Column(name, sa.Text))
    for name in ("certificate_bound", "dpop_bound"):
        op.add_column("oauth2_clients", sa.Column(name, sa.Integer))
