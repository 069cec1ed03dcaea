"""For authors and embedders: a clock to move, executors that answer as told, and a simulator for flows."""

from engine.testing.clock import FakeClock
from engine.testing.executors import AnswersUsedUp, FakeExecutor, FakeTransactionalExecutor

__all__ = ["AnswersUsedUp", "FakeClock", "FakeExecutor", "FakeTransactionalExecutor"]
