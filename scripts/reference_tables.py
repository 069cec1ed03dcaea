"""The page on what is stored and how, read from the tables: each column says how its values are kept."""

from collections.abc import Mapping

from sqlalchemy import Column, Table

from engine.storage import ENGINE_TABLES
from lockhouse.tables import LOCKHOUSE_TABLES
from protocols.oauth2 import OAUTH2_TABLES
from protocols.oauth2_ciba import CIBA_TABLES
from protocols.oauth2_code import CODE_TABLES
from protocols.oauth2_device import DEVICE_TABLES

KEPT: Mapping[str, str] = {
    "clear": "as it is: ids, states, times, numbers, names of flows and of clients; nothing about a person",
    "hashed": "as a SHA-256 of random bytes that nobody can guess",
    "keyed_hash": "as an HMAC under a key of the deployment: equal values can be found, and not be tried out",
    "argon2id": "as an argon2id hash: a password that a person chose",
    "sealed": "encrypted with AES-256-GCM and bound to its table, column and row: moved elsewhere, it does not open",
}

HEAD = """# Tables

Every table and column, by the package that owns it, and how its values are kept. No foreign key crosses packages. A
test looks for marked values in the raw file, and another finds every column declared. What the words mean:"""


def tables_page() -> str:
    """Return every column of every table with how its values are kept."""
    owners = (ENGINE_TABLES, OAUTH2_TABLES, CIBA_TABLES, CODE_TABLES, DEVICE_TABLES, LOCKHOUSE_TABLES)
    parts = [HEAD, "\n".join(["| kept | meaning |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in KEPT.items())])]
    for owner in owners:
        parts.append(f"## {owner.name}")
        parts += [_table(table) for table in owner.metadata.sorted_tables]
    return "\n\n".join(parts)


def _table(table: Table) -> str:
    rows = [f"| `{column.name}` | {column.info['kept']} | {_options(column)} |" for column in table.columns]
    return "\n".join([f"### `{table.name}`", "", "| column | kept | |", "| --- | --- | --- |", *rows])


def _options(column: Column[object]) -> str:
    words = ["key"] * column.primary_key + ["may be empty"] * bool(column.nullable)
    return ", ".join(words)
