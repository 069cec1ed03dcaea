"""For authors and embedders: a clock to move, executors that answer as told, and a simulator for flows."""

from engine.testing.clock import FakeClock
from engine.testing.coverage import Coverage, coverage
from engine.testing.executors import AnswersUsedUp, FakeExecutor, FakeTransactionalExecutor
from engine.testing.junit import junit_xml
from engine.testing.mocks import Mocks
from engine.testing.playing import Unexpected
from engine.testing.running import Difference, TestResult, run_flow_tests, simulate
from engine.testing.simulation import Simulation
from engine.testing.ways import Way, ways

__all__ = [
    "AnswersUsedUp",
    "Coverage",
    "Difference",
    "FakeClock",
    "FakeExecutor",
    "FakeTransactionalExecutor",
    "Mocks",
    "Simulation",
    "TestResult",
    "Unexpected",
    "Way",
    "coverage",
    "junit_xml",
    "run_flow_tests",
    "simulate",
    "ways",
]
