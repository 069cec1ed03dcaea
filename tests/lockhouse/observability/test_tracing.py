"""Spans survive the pause: what an execution does later links to its first part, across processes too."""

from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import func, select

from engine.storage import Database
from engine.storage.tables import traces
from lockhouse.observability.metrics import Metrics
from lockhouse.observability.several import Several
from lockhouse.observability.tracing import Tracing
from tests.engine.runtime.kit import make_house, opened
from tests.fixtures.databases import MakeDatabase

pytestmark = pytest.mark.anyio
TRACES = select(func.count()).select_from(traces)


class Recorder:
    """An SDK that keeps its spans."""

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.tracing = Tracing(provider)

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._kept.get_finished_spans() if span.name == name]


async def test_a_later_part_links_to_the_first_one_in_another_process_too(
    make_database: MakeDatabase, new_url: Callable[[], str]
) -> None:
    url, first, later = new_url(), Recorder(), Recorder()
    async with opened(make_house(make_database(url=url), observer=first.tracing)) as house:
        step = await house.begin("login")
    async with opened(make_house(make_database(url=url), observer=later.tracing)) as house:
        step = await house.engine.submit("e1", token=str(step.token), action="submit", values={"password": "sesame"})
        await house.engine.submit("e1", token=str(step.token), action="deny", values={})

    (begun,) = first.spans("flow login")
    resumed = later.spans("flow login")
    assert begun.links == ()
    assert len(resumed) == 2
    assert begun.context is not None
    for span in resumed:
        assert [link.context.span_id for link in span.links] == [begun.context.span_id]
        assert span.links[0].context.trace_id == begun.context.trace_id
        assert span.attributes is not None
        assert span.attributes["lockhouse.execution"] == "e1"


async def test_a_task_is_a_span_inside_its_part_and_tells_no_value(sqlite_database: Database) -> None:
    recorder = Recorder()
    async with opened(make_house(sqlite_database, observer=Several([Metrics(), recorder.tracing]))) as house:
        step = await house.begin("login", subject="canary-subject")
        await house.engine.submit("e1", token=str(step.token), action="submit", values={"password": "canary-word"})

    (task,) = recorder.spans("task check")
    part = recorder.spans("flow login")[-1]
    assert task.parent is not None
    assert part.context is not None
    assert task.parent.span_id == part.context.span_id
    assert task.attributes is not None
    assert dict(task.attributes) == {
        "lockhouse.flow": "login",
        "lockhouse.node": "check",
        "lockhouse.executor": "check",
    }
    assert not any(
        "canary" in span.to_json() for span in [*recorder.spans("task check"), *recorder.spans("flow login")]
    )


async def test_without_an_sdk_nothing_is_kept(sqlite_database: Database) -> None:
    async with opened(make_house(sqlite_database, observer=Tracing())) as house:
        step = await house.begin("login")
        ended = await house.engine.submit("e1", token=str(step.token), action="not_me", values={})
        kept = await house.database.read(lambda unit: unit.execute(TRACES).scalar())

    assert (ended.outcome, kept) == ("denied", 0)
