"""The flow engine: what an embedder and the author of an executor need.

Packages that own tables go through ``engine.storage``, tools for flows through ``engine.language``, tests through
``engine.testing``.
"""

from engine.contracts import (
    Commit,
    Context,
    Contract,
    Deferred,
    Done,
    Fault,
    InvalidFields,
    Message,
    Refused,
    StepConflict,
    StepGone,
    Transient,
    UnknownExecution,
)
from engine.runtime import Clock, Ended, Engine, Executor, Sender, Step, SystemClock

__all__ = [
    "Clock",
    "Commit",
    "Context",
    "Contract",
    "Deferred",
    "Done",
    "Ended",
    "Engine",
    "Executor",
    "Fault",
    "InvalidFields",
    "Message",
    "Refused",
    "Sender",
    "Step",
    "StepConflict",
    "StepGone",
    "SystemClock",
    "Transient",
    "UnknownExecution",
]
