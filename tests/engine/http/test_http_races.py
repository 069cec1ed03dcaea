"""Many at once over HTTP, through two engines on one database: one executor call, one transition."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.execution.flows import end, flow, prompt, task
from tests.engine.http.kit import fronted, problem, started
from tests.engine.runtime.kit import make_house
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio


BOOKING = flow(
    "booking",
    prompt("ask", {"submit": "book"}, fields={"where": {"type": "string"}}),
    task("book", "book", {"booked": "done"}, given={"what": "=steps.ask.where"}),
    end("done", "done", reference="=steps.book.reference"),
    outcomes={"done": {"reference": "string"}},
)


async def test_fifty_submits_of_one_step_through_two_engines_run_it_once(
    make_database: MakeDatabase, new_url: Callable[[], str]
) -> None:
    url = new_url()
    options: dict[str, Any] = {"repeat": False} if url.startswith("sqlite") else {}
    async with (
        fronted(make_house(make_database(url=url, **options), graphs=[BOOKING]), exposed=["booking"]) as here,
        fronted(make_house(make_database(url=url, **options), graphs=[BOOKING]), exposed=["booking"]) as there,
    ):
        one = started(await here.client.post("/flows/booking/executions"))
        token = one.step["token"]

        answers = await asyncio.gather(
            *((here, there)[number % 2].submit(one, token, "submit", where="Rome") for number in range(50))
        )
        other = await there.submit(one, token, "submit", where="Oslo")

        assert {answer.status_code for answer in answers} == {200}
        assert {answer.text for answer in answers} == {(await here.show(one)).text}
        assert answers[0].json()["result"] == {"reference": "r1"}
        assert problem(other, 409, "step_conflict")["step"]["outcome"] == "done"
        assert len(here.house.book.asked) + len(there.house.book.asked) == 1
        assert await here.house.told("done") == 1


async def test_fifty_different_answers_leave_one_and_tell_the_others_where_it_stands(
    make_database: MakeDatabase, new_url: Callable[[], str]
) -> None:
    url = new_url()
    options: dict[str, Any] = {"repeat": False} if url.startswith("sqlite") else {}
    async with (
        fronted(make_house(make_database(url=url, **options))) as here,
        fronted(make_house(make_database(url=url, **options))) as there,
    ):
        one = await here.start()

        answers = await asyncio.gather(
            *(
                (here, there)[number % 2].submit(one, one.step["token"], "submit", password=f"guess {number % 25}")
                for number in range(50)
            )
        )

        count = Counter(answer.status_code for answer in answers)
        assert len(here.house.check.asked) + len(there.house.check.asked) == 1
        assert count[409] >= 48, "the same secret through the other process counts as another body"
        assert count[200] + count[409] == 50
        assert count[200] >= 1
        for answer in answers:
            if answer.status_code == 409:
                assert problem(answer, 409, "step_conflict")["step"]["execution"] == one.id
