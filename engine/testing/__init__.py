"""For authors and embedders: a clock to move, executors that answer as told, and a simulator for flows."""

from engine.testing.clock import FakeClock
from engine.testing.executors import AnswersUsedUp, FakeExecutor, FakeTransactionalExecutor
from engine.testing.simulator import Simulation, TestResult, Unexpected, run_flow_tests, simulate

__all__ = [
    "AnswersUsedUp",
    "FakeClock",
    "FakeExecutor",
    "FakeTransactionalExecutor",
    "Simulation",
    "TestResult",
    "Unexpected",
    "run_flow_tests",
    "simulate",
]
