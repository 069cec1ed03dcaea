"""Lists in statements: the text is made once for each length, the values are always those of the call."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, select, tuple_

from engine.storage.errors import UnitMisused
from engine.storage.statements import Plans

TABLE = Table("things", MetaData(), Column("id", Integer), Column("name", Text))
SOME = select(TABLE.c.id).where(TABLE.c.id.in_(bindparam("ids", expanding=True)), TABLE.c.name == bindparam("named"))


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_lists_of_any_length_are_bound_in_their_place(dialect: str) -> None:
    plans = Plans(dialect)
    lists: list[list[int]] = [[1, 2], [3], [], [4, 5], [1, 2, 3], list(range(200)), [9, 8]]
    for ids in lists:
        text, values = plans.find(SOME, {}).bind({"ids": ids, "named": "x"})
        assert values == (*ids, "x")
        assert text.count("?" if dialect == "sqlite" else "%s") == len(values)


def test_many_lengths_do_not_fill_the_memory_and_stay_right() -> None:
    plan = Plans("sqlite").find(SOME, {})
    for length in [*range(200), *range(200)]:
        assert plan.bind({"ids": list(range(length)), "named": "x"})[1] == (*range(length), "x")


def test_lists_of_tuples_are_refused() -> None:
    pairs = select(TABLE.c.id).where(tuple_(TABLE.c.id, TABLE.c.name).in_(bindparam("pairs", expanding=True)))
    with pytest.raises(UnitMisused, match="single values"):
        Plans("sqlite").find(pairs, {}).bind({"pairs": [(1, "a"), (2, "b")]})
