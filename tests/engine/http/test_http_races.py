"""Many at once over HTTP, through two engines or two processes on one database: one executor call, one transition."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engine.execution.flows import end, flow, prompt, task
from tests.engine.http.kit import fronted, problem, started
from tests.engine.runtime.kit import make_house
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]


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


@contextmanager
def process(url: str) -> Iterator[str]:
    """Serve the booking flow on the database at *url* from a process of its own; yield its origin."""
    command = [sys.executable, "-m", "tests.engine.http.serve_booking", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.communicate()


@pytest.mark.long
async def test_fifty_submits_over_two_processes_are_one_call_and_one_transition(new_url: Callable[[], str]) -> None:
    url = new_url()
    with process(url) as here, process(url) as there:
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            one = started(await client.post(f"{here}/flows/booking/executions"))
            path = f"/executions/{one.id}/steps/{one.step['token']}"

            async def submit(number: int, where: str) -> httpx2.Response:
                body = {"action": "submit", "values": {"where": where}}
                return await client.post(f"{(here, there)[number % 2]}{path}", json=body, headers=one.headers)

            answers = await asyncio.gather(*(submit(number, "Rome") for number in range(50)))
            other = await submit(1, "Oslo")
            operator = {"Authorization": "Bearer everything"}
            told = (await client.get(f"{there}/operator/executions/{one.id}", headers=operator)).json()

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["result"] == {"reference": "r1"}
    assert problem(other, 409, "step_conflict")["step"]["outcome"] == "done"
    kinds = Counter(line["kind"] for line in told["history"] if line["node"] in {"ask", "book"})
    assert max(kinds.values()) == 1, kinds
