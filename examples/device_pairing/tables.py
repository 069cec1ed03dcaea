"""The one table of the layer. Codes are stored hashed: whoever reads the table cannot pair anything."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

from engine.storage import TableOwner

METADATA = MetaData()
PAIRINGS = Table(
    "pairings",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("device_hash", LargeBinary, nullable=False, unique=True),
    Column("user_hash", LargeBinary, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
PAIRING_TABLES = TableOwner(
    name="pairing",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    version_table="pairing_version",
)
