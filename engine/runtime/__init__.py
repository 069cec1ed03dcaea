"""The shell around the pure transition: runner, timers, outbox, and the engine's front door.

Each name is imported when it is first used: a clock is had without the engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.runtime.clock import Clock, SystemClock
    from engine.runtime.engine import Engine
    from engine.runtime.ports import Ended, Executor, ExternalExecutor, OnEnd, Sender, TransactionalExecutor
    from engine.runtime.published import ExecutorsDiffer, Flows, GraphNotLoaded
    from engine.runtime.rendering import Texts, render_step
    from engine.runtime.repeating import KeyReused
    from engine.runtime.runner import Times
    from engine.runtime.steps import (
        Choice,
        FormField,
        HistoryEntry,
        Shown,
        Step,
        StepAction,
        StepMessage,
        Text,
    )

__all__ = [
    "Choice",
    "Clock",
    "Ended",
    "Engine",
    "Executor",
    "ExecutorsDiffer",
    "ExternalExecutor",
    "Flows",
    "FormField",
    "GraphNotLoaded",
    "HistoryEntry",
    "KeyReused",
    "OnEnd",
    "Sender",
    "Shown",
    "Step",
    "StepAction",
    "StepMessage",
    "SystemClock",
    "Text",
    "Texts",
    "Times",
    "TransactionalExecutor",
    "render_step",
]

_HOMES = {
    "clock": ("Clock", "SystemClock"),
    "engine": ("Engine",),
    "ports": ("Ended", "Executor", "ExternalExecutor", "OnEnd", "Sender", "TransactionalExecutor"),
    "published": ("ExecutorsDiffer", "Flows", "GraphNotLoaded"),
    "repeating": ("KeyReused",),
    "rendering": ("Texts", "render_step"),
    "runner": ("Times",),
    "steps": ("Choice", "FormField", "HistoryEntry", "Shown", "Step", "StepAction", "StepMessage", "Text"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker sees the names above, and nothing that is not there

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module 'engine.runtime' has no attribute {name!r}")
        value = getattr(import_module(f"engine.runtime.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
