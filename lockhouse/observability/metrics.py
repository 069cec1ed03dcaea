"""Prometheus metrics: executions by flow and outcome, latency of steps and tasks, lag of due work, outbox depth."""

import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine import Engine
from engine.observing import Part, PartFacts
from engine.storage import Backlog, backlog

__all__ = ["Metrics", "metrics_route"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _Timed:
    """A part whose flow is told as soon as it is known."""

    carrier: str | None = None

    def __init__(self) -> None:
        self.flow: str | None = None

    def known(self, facts: PartFacts) -> None:
        """Remember the flow."""
        self.flow = facts.flow


class Metrics:
    """Counts what the engine does in this process. It is an observer of the engine."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._started = Counter("lockhouse_executions_started", "Executions begun.", ["flow"], registry=self._registry)
        self._ended = Counter(
            "lockhouse_executions_ended",
            "Executions that came to an end.",
            ["flow", "outcome"],
            registry=self._registry,
        )
        self._steps = Histogram(
            "lockhouse_step_seconds",
            "From what wakes an execution to where it waits again, its tasks included.",
            ["flow"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._tasks = Histogram(
            "lockhouse_task_seconds", "One external task.", ["executor"], buckets=_SECONDS, registry=self._registry
        )
        self._lag = Gauge(
            "lockhouse_due_lag_seconds", "How late the oldest due work is.", ["kind"], registry=self._registry
        )
        self._outbox = Gauge(
            "lockhouse_outbox_messages", "Messages in the outbox.", ["status"], registry=self._registry
        )
        self._broken = Gauge(
            "lockhouse_executions_broken", "Executions whose end could not be told.", registry=self._registry
        )

    @contextmanager
    def part(self) -> Iterator[Part]:
        """Time a part."""
        timed, began = _Timed(), time.monotonic()
        try:
            yield timed
        finally:
            if timed.flow is not None:
                self._steps.labels(timed.flow).observe(time.monotonic() - began)

    @contextmanager
    def acting(self, *, flow: str, node: str, executor: str) -> Iterator[None]:  # noqa: ARG002 - the port's signature
        """Time a task."""
        with self._tasks.labels(executor).time():
            yield

    def started(self, flow: str) -> None:
        """Count a start."""
        self._started.labels(flow).inc()

    def ended(self, flow: str, outcome: str) -> None:
        """Count an end."""
        self._ended.labels(flow, outcome).inc()

    def text(self, waiting: Backlog, now: datetime) -> bytes:
        """Return everything in Prometheus' text format, with what waits as it was read *now*."""
        for kind, due in (("execution", waiting.wake_at), ("message", waiting.send_at)):
            late = 0.0 if due is None else max((now - due).total_seconds(), 0.0)
            self._lag.labels(kind).set(late)
        self._outbox.labels("queued").set(waiting.queued)
        self._outbox.labels("dead").set(waiting.dead)
        self._broken.set(waiting.broken)
        return generate_latest(self._registry)


def metrics_route(metrics: Metrics, engine: Engine, *, token: str) -> Route:
    """Return the route of `/metrics`, for the bearer of *token* only: the figures tell how a deployment is used."""
    expected = f"Bearer {token}".encode()

    async def show(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
        waiting = await engine.database.read(backlog)
        text = metrics.text(waiting, engine.clock.now())
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    return Route("/metrics", show, methods=["GET"])
