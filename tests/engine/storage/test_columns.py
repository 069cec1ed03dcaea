"""Every column says how it is kept, and is of a type that both databases keep alike."""

import pytest
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text

from engine.storage import ENGINE_TABLES
from tests.fixtures.columns import wrong_columns


def test_every_column_of_the_engine_declares_how_it_is_kept() -> None:
    assert wrong_columns(ENGINE_TABLES.metadata) == []


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        (Column("x", Text), "info['kept'] is None"),
        (Column("x", Text, info={"kept": "somehow"}), "info['kept'] is 'somehow'"),
        (Column("x", DateTime, info={"kept": "clear"}), "its type is DateTime()"),
        (Column("x", Text, info={"kept": "sealed"}), "a sealed value is bytes"),
        (Column("x", LargeBinary, info={"kept": "clear"}), "bytes are sealed or hashed"),
        (Column("x", Text, default="y", info={"kept": "clear"}), "has a default"),
    ],
)
def test_a_column_that_breaks_a_rule_is_found(column: "Column[object]", problem: str) -> None:
    metadata = MetaData()
    Table("t", metadata, column)

    assert [found for found in wrong_columns(metadata) if problem in found]


def test_what_a_person_or_a_flow_said_is_sealed() -> None:
    sealed = {
        f"{table.name}.{column.name}"
        for table in ENGINE_TABLES.metadata.tables.values()
        for column in table.columns
        if column.info["kept"] == "sealed"
    }

    assert sealed == {"engine_executions.state", "engine_history.entry", "engine_outbox.payload"}
