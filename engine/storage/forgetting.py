"""Deleting what is too old, some rows at a time and oldest first, so that no statement takes long."""

from typing import Any

from sqlalchemy import ColumnElement, Delete, Table, bindparam, delete, exists, select, tuple_

from engine.storage.tables import executions


def older(table: Table, at: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Delete:
    """Return a DELETE of up to ``limit`` rows of *table* that meet *conditions* and whose *at* is before ``before``."""
    keys = list(table.primary_key)
    old = select(*keys).where(*conditions, at < bindparam("before")).order_by(at).limit(bindparam("limit"))
    key: ColumnElement[Any] = tuple_(*keys) if len(keys) > 1 else keys[0]
    return delete(table).where(key.in_(old))


def is_left(table: Table) -> ColumnElement[bool]:
    """Return the condition that the execution that a row of *table* belongs to is forgotten."""
    return ~exists().where(executions.c.id == table.c.execution)
