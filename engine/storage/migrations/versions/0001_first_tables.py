"""The first tables: executions, history, outbox, flow versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "engine_executions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("on_end", sa.Text, nullable=False),
        sa.Column("correlation", sa.Text, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("lease_epoch", sa.Integer, nullable=False),
        sa.Column("take_ups", sa.Integer, nullable=False),
        sa.Column("wake_at", sa.BigInteger),
        sa.Column("deferred_key", sa.Text),
        sa.Column("end_failure", sa.Text),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_index("engine_executions_deferred_key", "engine_executions", ["deferred_key"], unique=True)
    _index("engine_executions_due", "engine_executions", "wake_at", "status IN ('ready', 'waiting', 'ending')")
    _index("engine_executions_leased", "engine_executions", "lease_until", "status = 'running'")
    _index("engine_executions_broken", "engine_executions", "started_at", "status = 'broken'")
    _index("engine_executions_live", "engine_executions", "digest", "ended_at IS NULL")
    _index("engine_executions_ended", "engine_executions", "ended_at", "ended_at IS NOT NULL")
    op.create_table(
        "engine_history",
        sa.Column("execution", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
    )
    op.create_index("engine_history_recorded_at", "engine_history", ["recorded_at"])
    op.create_table(
        "engine_outbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("task_key", sa.Text, nullable=False),
        sa.Column("execution", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("delivered", sa.Text),
        sa.Column("undeliverable", sa.Text),
        sa.Column("give_up_at", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("lease_epoch", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
    )
    op.create_index("engine_outbox_task_key", "engine_outbox", ["task_key"])
    _index("engine_outbox_due", "engine_outbox", "due_at", "status = 'queued'")
    _index("engine_outbox_dead", "engine_outbox", "done_at", "status = 'dead'")
    _index("engine_outbox_done", "engine_outbox", "done_at", "done_at IS NOT NULL")
    op.create_table(
        "engine_flow_versions",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("graph", sa.Text, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
    )


def _index(name: str, table: str, column: str, condition: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
