"""What the settings ask for, as one observer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from starlette.routing import Route

from engine import Engine
from engine.observing import Observer, Part, PartFacts
from lockhouse.configuration import SettingsInvalid
from lockhouse.settings import Settings

__all__ = ["Several", "Watched", "watched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The observer to give to an engine, None where nobody looks, and the routes that show what it saw."""

    observer: Observer | None
    routes: Callable[[Engine], list[Route]]


def watched(settings: Settings) -> Watched:
    """Return what *settings* ask for; SettingsInvalid where a package for it is not installed."""
    observers: list[Observer] = []
    routes: Callable[[Engine], list[Route]] = lambda _engine: []  # noqa: E731 - replaced below where there is one
    token = settings.metrics.token.get_secret_value()
    if token:
        try:
            from lockhouse.observability.metrics import Metrics, metrics_route  # noqa: PLC0415 - an optional package
        except ImportError:
            raise _not_installed("metrics.token", "metrics") from None
        metrics = Metrics()
        observers.append(metrics)
        routes = lambda engine: [metrics_route(metrics, engine, token=token)]  # noqa: E731 - reads best beside it
    if settings.tracing.enabled:
        try:
            from lockhouse.observability.tracing import Tracing  # noqa: PLC0415 - an optional package
        except ImportError:
            raise _not_installed("tracing.enabled", "tracing") from None
        observers.append(Tracing())
    return Watched(observer=Several(observers) if observers else None, routes=routes)


def _not_installed(setting: str, extra: str) -> SettingsInvalid:
    return SettingsInvalid((f"{setting}: needs packages that are not here; pip install 'lockhouse[{extra}]'",))


class _Parts:
    """One part, watched by several."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    @property
    def carrier(self) -> str | None:
        """What the first of them keeps."""
        return next((part.carrier for part in self._parts if part.carrier is not None), None)

    def known(self, facts: PartFacts) -> None:
        """Tell each."""
        for part in self._parts:
            part.known(facts)


class Several:
    """Has several observers watch at once."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    @contextmanager
    def part(self) -> Iterator[Part]:
        """Have each watch a part."""
        with ExitStack() as stack:
            yield _Parts([stack.enter_context(observer.part()) for observer in self._observers])

    @contextmanager
    def acting(self, *, flow: str, node: str, executor: str) -> Iterator[None]:
        """Have each watch a task."""
        with ExitStack() as stack:
            for observer in self._observers:
                stack.enter_context(observer.acting(flow=flow, node=node, executor=executor))
            yield

    def started(self, flow: str) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.started(flow)

    def ended(self, flow: str, outcome: str) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.ended(flow, outcome)
