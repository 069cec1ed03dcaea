"""What the person goes through: the flow of each authorization. Those from before went through ``sign_in``."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # For a while step 0009 made this column itself: a database from that time has it.
    if "flow" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("oauth2_authorizations")}:
        op.add_column("oauth2_authorizations", sa.Column("flow", sa.Text, nullable=False, server_default="sign_in"))
