"""The engine's tables. Each column says how its values are kept: see ``info["kept"]``."""

from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    literal_column,
)

from engine.storage.migrating import TableOwner

METADATA = MetaData()

_CLEAR = {"kept": "clear"}
_SEALED = {"kept": "sealed"}
_KEYED = {"kept": "keyed_hash"}
_HASHED = {"kept": "hashed"}


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, info=_CLEAR, **{"nullable": False, **options})


def _moment(name: str, *, nullable: bool = True) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, info=_CLEAR)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, info=_CLEAR)


def _sealed(name: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable, info=_SEALED)


def _keyed(name: str, *, primary_key: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False, primary_key=primary_key, info=_KEYED)


def _where(index: str, *columns: str, condition: str) -> Index:
    """Return an index of the rows that meet *condition* only, so that what is done with costs nothing."""
    predicate: ColumnElement[bool] = literal_column(condition)
    return Index(index, *columns, sqlite_where=predicate, postgresql_where=predicate)


executions = Table(
    "engine_executions",
    METADATA,
    _text("id", primary_key=True),
    _text("flow"),
    _text("digest"),
    Column("revision", BigInteger, nullable=False, info=_CLEAR),
    _text("status"),
    _sealed("state"),
    _text("on_end"),
    _text("correlation"),
    _moment("lease_until"),
    _count("lease_epoch"),
    _count("take_ups"),
    _moment("wake_at"),
    _text("deferred_key", nullable=True),
    _text("end_failure", nullable=True),
    _moment("started_at", nullable=False),
    _moment("ended_at"),
    Index("engine_executions_deferred_key", "deferred_key", unique=True),
    _where("engine_executions_due", "wake_at", condition="status IN ('ready', 'waiting', 'ending')"),
    _where("engine_executions_leased", "lease_until", condition="status = 'running'"),
    _where("engine_executions_broken", "started_at", condition="status = 'broken'"),
    _where("engine_executions_live", "digest", condition="ended_at IS NULL"),
    _where("engine_executions_ended", "ended_at", condition="ended_at IS NOT NULL"),
)

history = Table(
    "engine_history",
    METADATA,
    _text("execution", primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False, info=_CLEAR),
    _moment("recorded_at", nullable=False),
    _sealed("entry"),
    Index("engine_history_recorded_at", "recorded_at"),
)

outbox = Table(
    "engine_outbox",
    METADATA,
    _text("id", primary_key=True),
    _text("task_key"),
    _text("execution"),
    _text("sender"),
    _text("status"),
    _sealed("payload", nullable=True),
    _text("delivered", nullable=True),
    _text("undeliverable", nullable=True),
    _moment("give_up_at"),
    _moment("due_at", nullable=False),
    _moment("lease_until"),
    _count("lease_epoch"),
    _count("attempts"),
    _text("last_error", nullable=True),
    _moment("created_at", nullable=False),
    _moment("done_at"),
    Index("engine_outbox_task_key", "task_key"),
    _where("engine_outbox_due", "due_at", condition="status = 'queued'"),
    _where("engine_outbox_dead", "done_at", condition="status = 'dead'"),
    _where("engine_outbox_done", "done_at", condition="done_at IS NOT NULL"),
)

flow_versions = Table(
    "engine_flow_versions",
    METADATA,
    _text("digest", primary_key=True),
    _text("flow"),
    Column("version", Text, nullable=False, info=_CLEAR),
    _text("graph"),
    _moment("stored_at", nullable=False),
)

# Which version of a flow new executions run on: the one that was published last. Going back publishes an old one again.
publications = Table(
    "engine_publications",
    METADATA,
    _text("flow", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, info=_CLEAR),
    _text("digest"),
    _moment("published_at", nullable=False),
)

# Calls with an Idempotency-Key that were accepted: what a repetition is recognised by.
repeats = Table(
    "engine_repeats",
    METADATA,
    _keyed("name", primary_key=True),
    _keyed("body"),
    _text("execution"),
    _moment("recorded_at", nullable=False),
    Index("engine_repeats_recorded_at", "recorded_at"),
)

# Who may drive an execution over HTTP. One that a protocol layer started has no row here.
capabilities = Table(
    "engine_capabilities",
    METADATA,
    _text("execution", primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, info=_HASHED),
    _moment("created_at", nullable=False),
    Index("engine_capabilities_created_at", "created_at"),
)

# Who may answer the steps that are by a person, and until when. Whom a token is for stands in the token alone.
person_tokens = Table(
    "engine_person_tokens",
    METADATA,
    Column("token_hash", LargeBinary, nullable=False, primary_key=True, info=_HASHED),
    _text("execution"),
    _moment("expires_at", nullable=False),
    Index("engine_person_tokens_execution", "execution"),
    Index("engine_person_tokens_expires_at", "expires_at"),
)

# Which trace an execution began in, where somebody traces: what is resumed days later refers to it.
traces = Table(
    "engine_traces",
    METADATA,
    _text("execution", primary_key=True),
    _text("carrier"),
    _moment("created_at", nullable=False),
    Index("engine_traces_created_at", "created_at"),
)

ENGINE_TABLES = TableOwner(
    name="engine",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    version_table="engine_version",
)
