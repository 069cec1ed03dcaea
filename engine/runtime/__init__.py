"""The shell around the pure transition: runner, timers, outbox, and the engine's front door."""

from engine.runtime.clock import Clock, SystemClock
from engine.runtime.engine import Engine
from engine.runtime.ports import Ended, Executor, ExternalExecutor, OnEnd, Sender, TransactionalExecutor
from engine.runtime.published import ExecutorsDiffer, Flows, GraphNotLoaded
from engine.runtime.rendering import Texts, render_step
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
