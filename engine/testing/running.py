"""Running tests of flows, and what came of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.execution import pack
from engine.language import FlowSet, FlowTest, Graph, Place, ScriptStep
from engine.runtime import HistoryEntry
from engine.testing.following import Taken
from engine.testing.mocks import Mocks, NoAnswer
from engine.testing.playing import Player, Unexpected
from engine.testing.simulation import NOON, Simulation, TooManyTasks
from engine.testing.telling import step_told, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a test and what happened part for the first time."""

    place: Place
    expected: str
    happened: str

    def __str__(self) -> str:
        return f"{self.place.file}:{self.place.line}: expected {self.expected}, {self.happened}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """What happened from one step of the script (None: from the start) to the next."""

    step: ScriptStep | None
    history: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What came of one test of a flow: the first difference, if there is one, and everything that happened."""

    __test__ = False  # pytest: this is not a class of tests

    flow: str
    test: str
    place: Place
    difference: Difference | None
    laps: tuple[Lap, ...]
    began: datetime
    taken: tuple[Taken, ...] = field(repr=False)
    reached: frozenset[tuple[str, str]] = field(repr=False)
    digest: str

    @property
    def passed(self) -> bool:
        """Return whether everything was as the test expects."""
        return self.difference is None

    @property
    def problem(self) -> str | None:
        """Return the first difference in one line, None where there is none."""
        return None if self.difference is None else str(self.difference)

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """Return what happened, as ``Engine.history`` tells it of a real execution with the same answers."""
        return tuple(entry for lap in self.laps for entry in lap.history)

    @property
    def visited(self) -> frozenset[str]:
        """Return the nodes of the flow itself that were reached."""
        return frozenset(node for digest, node in self.reached if digest == self.digest)

    def report(self) -> str:
        """Return what a person needs to see: one line where it passed, the way to the difference where it did not."""
        if self.difference is None:
            return f"passed: {self.flow}: {self.test}"
        return "\n".join(_report(self, self.difference))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, secrets masked."""
        difference = self.difference
        return {
            "flow": self.flow,
            "test": self.test,
            "place": str(self.place),
            "passed": self.passed,
            "difference": None
            if difference is None
            else {"place": str(difference.place), "expected": difference.expected, "happened": difference.happened},
            "trace": [
                {
                    "revision": entry.revision,
                    "at": pack(entry.at)["$time"],
                    "kind": entry.kind,
                    "node": entry.node,
                    "facts": pack(entry.facts),
                }
                for entry in self.history
            ],
        }


def _report(result: TestResult, difference: Difference) -> Iterator[str]:
    yield f"failed: {result.flow}: {result.test}"
    yield f"  {difference.place}"
    yield f"    expected  {difference.expected}"
    yield f"    happened  {difference.happened.removeprefix('found ')}"
    yield "  the way until there:"
    for lap in result.laps:
        if lap.step is not None:
            mark = "  <- the first difference" if lap.step.place == difference.place else ""
            yield f"    {lap.step.place.file}:{lap.step.place.line}  {step_told(lap.step)}{mark}"
        yield from (f"      {told(entry, result.began)}" for entry in lap.history)


def run_flow_tests(flows: FlowSet, *, names: Iterable[str] | None = None) -> tuple[TestResult, ...]:
    """Run the tests of *flows* (of those called *names*, if given) and return what came of each."""
    wanted = None if names is None else set(names)
    return tuple(
        simulate(flows.by_digest, flows.latest(name), test)
        for name, tests in flows.tests.items()
        if wanted is None or name in wanted
        for test in tests
    )


def simulate(graphs: Mapping[str, Graph], graph: Graph, test: FlowTest, *, now: datetime = NOON) -> TestResult:
    """Run one test and return what came of it."""
    mocks = Mocks(test.mocks)
    simulation = Simulation(mocks.graphs(graphs), graph, mocks, now=now)
    player = Player(simulation, graph, test)
    laps: list[Lap] = []
    difference: Difference | None = None
    place = test.place
    try:
        try:
            player.start()
        finally:
            _close_lap(laps, None, simulation)
        for step in test.script:
            place = step.place
            try:
                player.play(step)
            finally:
                _close_lap(laps, step, simulation)
        player.finish()
    except Unexpected as error:
        difference = Difference(place=error.place, expected=error.expected, happened=error.happened)
    except NoAnswer as error:
        difference = Difference(place=place, expected="an answer", happened=str(error))
    except TooManyTasks as error:
        difference = Difference(place=place, expected="an end or a question", happened=str(error))
    return TestResult(
        flow=graph.name,
        test=test.name,
        place=test.place,
        difference=difference,
        laps=tuple(laps),
        began=now,
        taken=tuple(simulation.taken),
        reached=frozenset(simulation.visited),
        digest=graph.digest,
    )


def _close_lap(laps: list[Lap], step: ScriptStep | None, simulation: Simulation) -> None:
    known = sum(len(lap.history) for lap in laps)
    laps.append(Lap(step=step, history=tuple(simulation.history[known:])))
