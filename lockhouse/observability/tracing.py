"""OpenTelemetry spans that survive the pause: each later part of an execution links to its first one.

Only the API is used: the deployment's own SDK decides what is recorded and where it goes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from engine.observing import Part, PartFacts

__all__ = ["Tracing"]

_FORMAT = TraceContextTextMapPropagator()


class _Spanned:
    """A part with its span."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.carrier: str | None = _carrier()

    def known(self, facts: PartFacts) -> None:
        """Name the span, and link it to the execution's first one."""
        self._span.update_name(f"flow {facts.flow}")
        self._span.set_attribute("lockhouse.flow", facts.flow)
        self._span.set_attribute("lockhouse.execution", facts.execution)
        if facts.first is not None and facts.first != self.carrier:
            self._span.add_link(_context_of(facts.first))


class Tracing:
    """Makes a span of each part and each task. It is an observer of the engine."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("lockhouse", tracer_provider=provider)

    @contextmanager
    def part(self) -> Iterator[Part]:
        """Make a span of a part."""
        # What fails may carry what was submitted: spans are told that it failed, never with which words.
        with self._tracer.start_as_current_span("flow", record_exception=False, set_status_on_exception=False) as span:
            yield _Spanned(span)

    @contextmanager
    def acting(self, *, flow: str, node: str, executor: str) -> Iterator[None]:
        """Make a span of a task."""
        facts = {"lockhouse.flow": flow, "lockhouse.node": node, "lockhouse.executor": executor}
        with self._tracer.start_as_current_span(
            f"task {executor}", attributes=facts, record_exception=False, set_status_on_exception=False
        ):
            yield

    def started(self, flow: str) -> None:
        """Nothing: spans say it."""

    def ended(self, flow: str, outcome: str) -> None:
        """Nothing: spans say it."""


def _carrier() -> str | None:
    """Return the current span as W3C Trace Context has it; None where nothing is recorded."""
    found: dict[str, str] = {}
    _FORMAT.inject(found)
    return found.get("traceparent")


def _context_of(carrier: str) -> trace.SpanContext:
    context = _FORMAT.extract({"traceparent": carrier})
    return trace.get_current_span(context).get_span_context()
