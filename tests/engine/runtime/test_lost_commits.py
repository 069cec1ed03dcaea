"""The answer of a COMMIT is lost: the runner reads again by revision, and goes on as if it had arrived."""

from collections.abc import Callable

import psycopg
import pytest

from engine import Done, Step, StepConflict
from engine.storage import Database, OutcomeUnknown
from tests.engine.runtime.kit import NO_LEASE, House, make_house, marks, opened
from tests.engine.runtime.storms import LostInCommit, strike
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio

DEATH_IN_COMMIT = """
CREATE SEQUENCE deaths;
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.revision = 2 AND nextval('deaths') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
  RETURN new;
END $$;
CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON engine_executions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION die();
"""


async def submitted(house: House, step: Step, password: str = "sesame") -> Step:
    assert step.token is not None
    return await house.engine.submit("e1", token=step.token, action="submit", values={"password": password})


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("away", [0, 2])
async def test_a_submit_goes_on_with_its_secret(house: House, stored: bool, away: int) -> None:
    step = await house.begin("login")
    strike(house, LostInCommit(house.database, stored=stored, away=away))
    after = await submitted(house, step)
    assert (after.node, after.messages) == ("agree", ())
    assert len(house.check.asked) == 1
    kinds = [(entry.revision, entry.kind) for entry in await house.engine.history("e1")]
    assert kinds == [(1, "started"), (2, "answered"), (3, "task")]


@pytest.mark.parametrize("stored", [True, False])
async def test_a_start_is_not_made_twice(house: House, stored: bool) -> None:
    strike(house, LostInCommit(house.database, stored=stored))
    assert (await house.begin("counting")).outcome == "done"
    assert len(house.book.asked) == 1
    assert await marks(house.database, "counted") == 3


@pytest.mark.parametrize("stored", [True, False])
async def test_a_result_is_recorded_once_and_what_follows_goes_on_at_once(house: House, stored: bool) -> None:
    def answer(*_asked: object) -> Done:
        strike(house, LostInCommit(house.database, stored=stored))
        return Done("booked", {"reference": "r"})

    house.book.act = answer
    assert (await house.begin("counting")).outcome == "done"
    assert await marks(house.database, "counted") == 3
    assert await house.told("done") == 1


async def test_two_losses_in_a_row_are_found_out_too(house: House) -> None:
    step = await house.begin("login")
    strike(house, LostInCommit(house.database, 2, stored=False))
    assert (await submitted(house, step)).node == "agree"


async def test_a_task_that_somebody_took_up_meanwhile_is_left_to_them(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as one, opened(make_house(database)) as other:
        strike(one, LostInCommit(database, meanwhile=other.engine.run_due))
        assert (await one.begin("counting")).outcome == "done"
        assert (len(one.book.asked), len(other.book.asked)) == (0, 1)


async def test_another_answer_that_was_first_is_not_taken_for_ours(database: Database) -> None:
    async with opened(make_house(database)) as one, opened(make_house(database)) as other:
        step = await one.begin("login")

        async def guess() -> None:
            await submitted(other, step, "guess")

        strike(one, LostInCommit(database, stored=False, meanwhile=guess))
        with pytest.raises(StepConflict) as caught:
            await submitted(one, step)
        assert caught.value.step.node == "ask"
        assert (len(one.check.asked), len(other.check.asked)) == (0, 1)


async def test_what_cannot_be_found_out_within_a_lease_stays_unknown(database: Database) -> None:
    async with opened(make_house(database, times=NO_LEASE)) as house:
        step = await house.begin("login")
        strike(house, LostInCommit(database, 2, stored=False))
        with pytest.raises(OutcomeUnknown):
            await submitted(house, step)
        assert await house.engine.inspect("e1") == step


async def test_a_postgresql_backend_that_dies_in_commit_costs_the_person_nothing(
    make_database: MakeDatabase, new_url: Callable[..., str], dialect: str
) -> None:
    url = new_url()
    if dialect == "postgresql":
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(DEATH_IN_COMMIT)
    async with opened(make_house(make_database(url=url))) as house:
        assert (await submitted(house, await house.begin("login"))).node == "agree"
        assert len(house.check.asked) == 1
