"""Prometheus metrics: what the engine did, and what waits; shown to the bearer of one token."""

from datetime import timedelta

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from engine.storage import Database, Outbox, Unit, backlog
from lockhouse.api_settings import MetricsSection
from lockhouse.observability.metrics import Metrics, metrics_route
from tests.engine.runtime.kit import KEYRING, House, make_house, opened

pytestmark = pytest.mark.anyio
TOKEN = "a-token-for-prometheus"


async def figures(house: House, metrics: Metrics) -> dict[str, float]:
    """Return every sample by its name and labels, as Prometheus reads them."""
    waiting = await house.database.read(backlog)
    text = metrics.text(waiting, house.clock.now()).decode()
    return {
        f"{sample.name}{''.join(f' {value}' for value in sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_executions_are_counted_by_flow_and_outcome_and_steps_timed(sqlite_database: Database) -> None:
    metrics = Metrics()
    async with opened(make_house(sqlite_database, observer=metrics)) as house:
        step = await house.begin("login")
        await house.begin("counting", "e2")
        await house.engine.submit("e1", token=str(step.token), action="not_me", values={})
        found = await figures(house, metrics)

    assert found["lockhouse_executions_started_total login"] == 1
    assert found["lockhouse_executions_ended_total login denied"] == 1
    assert found["lockhouse_executions_ended_total counting done"] == 1
    assert found["lockhouse_step_seconds_count login"] >= 2
    assert found["lockhouse_task_seconds_count book"] == 1


async def test_what_waits_and_how_late_it_is_are_read_when_asked(database: Database) -> None:
    metrics, outbox = Metrics(), Outbox(KEYRING)
    async with opened(make_house(database, observer=metrics)) as house:
        for name in ("e1", "e2"):
            await house.begin("send", name)
        now = house.clock.now()

        def bury(unit: Unit) -> bool:
            (claim,) = outbox.claim_due(unit, now=now, limit=1, lease=timedelta(seconds=10))
            return outbox.finish(unit, claim, status="dead", now=now, error="too_often")

        await house.database.run(bury)
        house.clock.advance(timedelta(seconds=90))
        found = await figures(house, metrics)

    assert found["lockhouse_outbox_messages queued"] == 1
    assert found["lockhouse_outbox_messages dead"] == 1
    assert found["lockhouse_due_lag_seconds message"] == 90
    assert found["lockhouse_due_lag_seconds execution"] == 0


async def test_metrics_are_for_the_bearer_of_the_token(sqlite_database: Database) -> None:
    metrics = Metrics()
    async with opened(make_house(sqlite_database, observer=metrics)) as house:
        app = Starlette(routes=[metrics_route(metrics, house.engine, token=TOKEN)])
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://metrics.example") as client:
            none = await client.get("/metrics")
            wrong = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}x"})
            right = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert (none.status_code, wrong.status_code, right.status_code) == (401, 401, 200)
    assert right.headers["content-type"].startswith("text/plain")
    assert b"lockhouse_outbox_messages" in right.content


def test_a_token_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 characters"):
        MetricsSection.model_validate({"token": "short"})
