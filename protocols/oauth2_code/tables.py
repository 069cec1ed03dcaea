"""The tables of the code grant. Each column says in ``kept`` how it is stored."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from engine.storage import TableOwner

METADATA = MetaData()
_CLEAR = {"kept": "clear"}
_HASHED = {"kept": "hashed"}
_SEALED = {"kept": "sealed"}

# What the code grant keeps of an authorization: where the browser goes back to, and the code that it takes along.
REQUESTS = Table(
    "code_requests",
    METADATA,
    Column("request_id", Text, primary_key=True, info=_CLEAR),
    Column("redirect_uri", Text, nullable=False, info=_CLEAR),
    Column("state", LargeBinary, info=_SEALED),
    Column("nonce", LargeBinary, info=_SEALED),
    Column("challenge", Text, nullable=False, info=_CLEAR),
    Column("dpop_jkt", Text, info=_CLEAR),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Column("left_at", BigInteger, info=_CLEAR),
    Column("code_hash", LargeBinary, info=_HASHED),
    Index("code_requests_by_code", "code_hash", unique=True),
    Index("code_requests_by_expiry", "expires_at"),
)

# Requests that were pushed (RFC 9126) and wait for the browser that brings their name.
PUSHED = Table(
    "code_pushed",
    METADATA,
    Column("name_hash", LargeBinary, primary_key=True, info=_HASHED),
    Column("client_id", Text, nullable=False, info=_CLEAR),
    Column("parameters", LargeBinary, nullable=False, info=_SEALED),
    Column("expires_at", BigInteger, nullable=False, info=_CLEAR),
    Column("used", Integer, nullable=False, info=_CLEAR),
    Index("code_pushed_by_expiry", "expires_at"),
)

CODE_TABLES = TableOwner(
    name="oauth2_code",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    version_table="code_version",
)
