"""The tables of the device grant. Each column says in ``kept`` how it is stored."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from engine.storage import TableOwner

METADATA = MetaData()
_CLEAR = {"kept": "clear"}

# What the device grant keeps of an authorization: what the device holds, what a person types, and how it polls.
REQUESTS = Table(
    "device_requests",
    METADATA,
    Column("request_id", Text, primary_key=True, info=_CLEAR),
    Column("device_code_hash", LargeBinary, nullable=False, unique=True, info={"kept": "hashed"}),
    # A user code is short: without the key its hash could be tried out.
    Column("user_code_hash", LargeBinary, nullable=False, unique=True, info={"kept": "keyed_hash"}),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Column("poll_interval", Integer, nullable=False, info=_CLEAR),
    Column("last_poll_at", BigInteger, info=_CLEAR),
    Column("raised_at", BigInteger, info=_CLEAR),
    Column("early_polls", Integer, nullable=False, info=_CLEAR),
    Index("device_requests_by_expiry", "expires_at"),
)

# How many wrong codes were typed in each minute, by anybody.
WRONG_CODES = Table(
    "device_wrong_codes",
    METADATA,
    Column("minute", BigInteger, primary_key=True, info=_CLEAR),
    Column("tries", Integer, nullable=False, info=_CLEAR),
)

DEVICE_TABLES = TableOwner(
    name="oauth2_device",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    version_table="device_version",
)
