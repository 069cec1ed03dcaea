"""For authors and embedders: a clock to move, executors that answer as told, and a simulator for flows."""

from engine.testing.clock import FakeClock
from engine.testing.covering import Coverage, coverage
from engine.testing.drafting import Draft, draft, written
from engine.testing.entering import NotAValue, entered_fields
from engine.testing.executors import AnswersUsedUp, FakeExecutor, FakeTransactionalExecutor
from engine.testing.finding import named, paths, untaken
from engine.testing.junit import junit_xml
from engine.testing.mocks import Mocks
from engine.testing.playing import Unexpected
from engine.testing.routes import Way, ways
from engine.testing.running import Difference, TestResult, run_flow_tests, simulate
from engine.testing.simulation import Simulation
from engine.testing.walking import Left, Terminal, Walk

__all__ = [
    "AnswersUsedUp",
    "Coverage",
    "Difference",
    "Draft",
    "FakeClock",
    "FakeExecutor",
    "FakeTransactionalExecutor",
    "Left",
    "Mocks",
    "NotAValue",
    "Simulation",
    "Terminal",
    "TestResult",
    "Unexpected",
    "Walk",
    "Way",
    "coverage",
    "draft",
    "entered_fields",
    "junit_xml",
    "named",
    "paths",
    "run_flow_tests",
    "simulate",
    "untaken",
    "ways",
    "written",
]
