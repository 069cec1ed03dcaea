"""Running one unit function and telling what came of it, the same way on every database."""

import asyncio
import functools
import inspect
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.contracts.errors import FlowError
from engine.storage.errors import NotRepeatable, UnitMisused
from engine.storage.unit import Unit

log = logging.getLogger(__name__)

UnitFunction = Callable[[Unit], Any]


@dataclass(slots=True, eq=False)
class Call:
    """A unit function that somebody waits for."""

    fn: UnitFunction
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    writes: bool = True

    @classmethod
    def of(cls, fn: UnitFunction, *, writes: bool = True) -> "Call":
        """Return a call of *fn* whose future belongs to the running event loop."""
        loop = asyncio.get_running_loop()
        return cls(fn, loop, loop.create_future(), writes)


@dataclass(slots=True, eq=False)
class Outcome:
    """What came of a call: a value or an error, and what is to happen once it is stored."""

    value: Any = None
    error: BaseException | None = None
    hooks: Sequence[Callable[[], None]] = ()
    channels: Sequence[str] = ()
    failure: FlowError | None = None

    @classmethod
    def failed(cls, error: BaseException, failure: FlowError | None = None) -> "Outcome":
        """Return the outcome of a call that stored nothing."""
        return cls(error=error, failure=failure)


def name_of(fn: UnitFunction) -> str:
    """Return what *fn* is called in logs and errors."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__qualname__", None) or type(fn).__qualname__
    return f"{getattr(fn, '__module__', '?')}.{name}"


def perform(fn: UnitFunction, unit: Unit) -> Outcome:
    """Run *fn* once. An error of the database that it kept silent about is still an error."""
    try:
        value = fn(unit)
        if inspect.iscoroutine(value):
            value.close()
            raise UnitMisused(f"expected a plain function, found the coroutine function {name_of(fn)}: use def")  # noqa: TRY301 - one way out for every error of the function
        if unit.failure is not None:
            raise unit.failure  # noqa: TRY301 - the same
    except StopIteration as error:
        return Outcome.failed(_carried(fn, error), unit.failure)
    except Exception as error:  # noqa: BLE001 - whatever a function raises is its caller's, never the thread's
        return Outcome.failed(error, unit.failure)
    except BaseException as error:  # noqa: BLE001 - the same
        return Outcome.failed(_carried(fn, error), unit.failure)
    finally:
        unit.end()
    return Outcome(value, None, unit.hooks, unit.channels)


def _carried(fn: UnitFunction, error: BaseException) -> RuntimeError:
    """Return what a future can carry: StopIteration it cannot, and SystemExit would end the event loop."""
    return RuntimeError(f"the unit function {name_of(fn)} raised {type(error).__name__}, which it may not")


def compare(fn: UnitFunction, first: Outcome, second: Outcome, journals: tuple[list[Any], list[Any]]) -> Outcome:
    """Return *second*, or NotRepeatable where it differs from *first* in statements, error or value."""
    if difference := _difference(first, second, journals):
        return Outcome.failed(NotRepeatable(name_of(fn), difference))
    return second


def _difference(first: Outcome, second: Outcome, journals: tuple[list[Any], list[Any]]) -> str:
    texts = [[text for text, _ in journal] for journal in journals]
    if texts[0] != texts[1]:
        return "the second run ran other statements"
    for (text, before), (_, after) in zip(*journals, strict=True):
        # A sealed value has a fresh nonce each time: the one thing that may differ.
        if [_unsealed(value) for value in before] != [_unsealed(value) for value in after]:
            return f"the second run bound other values to: {' '.join(text.split())}"
    if type(first.error) is not type(second.error):
        return f"it ended with {_ending(first)} and then with {_ending(second)}"
    if first.error is None and not _same(first.value, second.value):
        return "the second run returned something else"
    return ""


def _unsealed(value: Any) -> Any:
    return bytes if isinstance(value, bytes) else value


def _same(first: Any, second: Any) -> bool:
    if first is second or first == second:
        return True
    # Objects without an equality of their own are compared by what they hold.
    return type(first) is type(second) and "__eq__" not in vars(type(first)) and _parts(first) == _parts(second)


def _parts(value: Any) -> Any:
    return getattr(value, "__dict__", None) or [getattr(value, slot, None) for slot in getattr(value, "__slots__", ())]


def _ending(outcome: Outcome) -> str:
    return "a result" if outcome.error is None else type(outcome.error).__name__


def settle(outcomes: Iterable[tuple[Call, Outcome]]) -> None:
    """Tell everybody what came of their calls, with one wake-up for each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Call, Outcome]]] = {}
    for call, outcome in outcomes:
        loops.setdefault(call.loop, []).append((call, outcome))
    for loop, settled in loops.items():
        try:
            loop.call_soon_threadsafe(_deliver, settled)
        except RuntimeError:
            log.warning("loop_closed", extra={"units": [name_of(call.fn) for call, _ in settled]})


def _deliver(settled: Sequence[tuple[Call, Outcome]]) -> None:
    for call, outcome in settled:
        for hook in outcome.hooks:
            run_hook(hook)
        if call.future.done():  # cancelled: its unit is stored all the same
            continue
        if outcome.error is not None:
            call.future.set_exception(outcome.error)
        else:
            call.future.set_result(outcome.value)


def run_hook(hook: Callable[[], None]) -> None:
    """Call *hook*; what it raises is logged, because the unit that asked for it is stored already."""
    try:
        hook()
    except Exception:
        log.exception("hook_failed")
