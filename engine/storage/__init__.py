"""Where everything is kept: one ``Database`` on SQLite or PostgreSQL, sealing, migrations and the engine's own rows.

This is a door for packages that own tables.
"""

from engine.storage.database import Database
from engine.storage.errors import (
    ConstraintViolated,
    DatabaseNotUpgraded,
    DatabaseTooNew,
    NotRepeatable,
    OutcomeUnknown,
    Overloaded,
    SealBroken,
    StorageError,
    StorageUnavailable,
    UnitMisused,
    UnknownDatabase,
    ValueRefused,
)
from engine.storage.migrating import TableOwner, check_versions, upgrade
from engine.storage.outbox import OUTBOX_STATUSES, Outbox, OutgoingMessage
from engine.storage.postbox import OnSettled, Postbox, Settled
from engine.storage.sealing import Keyring, Place
from engine.storage.statements import insert_or_ignore
from engine.storage.tables import ENGINE_TABLES
from engine.storage.times import database_now, from_micros, to_micros
from engine.storage.unit import Result, Unit
from engine.storage.waiting_work import Backlog, backlog

__all__ = [
    "ENGINE_TABLES",
    "OUTBOX_STATUSES",
    "Backlog",
    "ConstraintViolated",
    "Database",
    "DatabaseNotUpgraded",
    "DatabaseTooNew",
    "Keyring",
    "NotRepeatable",
    "OnSettled",
    "Outbox",
    "OutcomeUnknown",
    "OutgoingMessage",
    "Overloaded",
    "Place",
    "Postbox",
    "Result",
    "SealBroken",
    "Settled",
    "StorageError",
    "StorageUnavailable",
    "TableOwner",
    "Unit",
    "UnitMisused",
    "UnknownDatabase",
    "ValueRefused",
    "backlog",
    "check_versions",
    "database_now",
    "from_micros",
    "insert_or_ignore",
    "to_micros",
    "upgrade",
]
