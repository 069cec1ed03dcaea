"""The flow engine: what an embedder and the author of an executor need.

Packages that own tables go through ``engine.storage``, tools for flows through ``engine.language``, tests through
``engine.testing``.

Each name is imported when it is first used: whoever needs only ``engine.storage`` does not wait for the flow language.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# A library says nothing on its own: without this, Python prints our warnings where nobody has set up logging.
logging.getLogger("engine").addHandler(logging.NullHandler())

_RUNTIME = frozenset({"Clock", "Ended", "Engine", "Executor", "Sender", "Step", "SystemClock"})

if not TYPE_CHECKING:  # a type checker sees the names above, and nothing that is not there

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'engine' has no attribute {name!r}")
        value = getattr(import_module("engine.runtime" if name in _RUNTIME else "engine.contracts"), name)
        globals()[name] = value
        return value
