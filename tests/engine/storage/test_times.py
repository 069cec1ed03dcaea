"""Moments as microseconds, and the database's own clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from engine.storage import database_now, from_micros, to_micros
from tests.fixtures.databases import MakeDatabase

NOW = select(database_now())


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back_as_it_was(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_a_moment_is_the_same_in_every_time_zone() -> None:
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)

    assert to_micros(noon.astimezone(timezone(timedelta(hours=5, minutes=45)))) == to_micros(noon)


def test_no_moment_stays_none() -> None:
    assert to_micros(None) is None
    assert from_micros(None) is None


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        to_micros(datetime(2030, 1, 1))  # noqa: DTZ001 - the mistake in question


@pytest.mark.anyio
async def test_the_databases_clock_tells_the_time_and_goes_forward(make_database: MakeDatabase) -> None:
    # Without repetition: two runs of one function may see two times.
    database = make_database(repeat=False)

    before = datetime.now(UTC)  # noqa: TID251 - the machine's clock is what the database's is compared with
    first = (await database.read(lambda unit: unit.execute(NOW).scalar())) or 0
    second = (await database.read(lambda unit: unit.execute(NOW).scalar())) or 0

    assert abs(from_micros(first) - before) < timedelta(seconds=20)
    assert second >= first
