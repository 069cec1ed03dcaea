"""What a person who operates a server can see of executions, and do about those that are stuck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from engine.contracts import UnknownExecution
from engine.contracts.errors import CallerError
from engine.execution import Phase
from engine.runtime.clock import Clock
from engine.runtime.reception import Reception
from engine.runtime.recorder import Recorded, Recorder
from engine.runtime.rows import UNREADABLE, Held, Rows
from engine.runtime.runner import Runner, Times
from engine.runtime.steps import HistoryEntry, Step
from engine.storage import SealBroken, Unit
from engine.storage.executions import Execution, Status
from engine.storage.listing import Listed, Listing

Forgotten = Literal["nothing", "beginning", "all"]


class CannotRetry(CallerError):
    """There is nothing to try again: the execution did not end in a fault, or what it knew is not kept any more."""

    code = "cannot_retry"

    def __init__(self, execution: str, why: str) -> None:
        self.execution = execution
        super().__init__(f"execution {execution} cannot be tried again: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One flow of the stack: the node it stands at, how often it was there, and its timers."""

    digest: str
    node: str
    visit: int
    deadline: datetime | None
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One execution without its values. ``unreadable`` is the code of why its state does not open, if it does not."""

    listed: Listed
    phase: str | None = None
    outcome: str | None = None
    stack: tuple[Place, ...] = ()
    cancel: str | None = None
    unreadable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What happened, line by line, and how much of it is not kept any more."""

    lines: tuple[HistoryEntry, ...]
    forgotten: Forgotten


class Operations:
    """Lists, shows, explains and retries. Nothing here shows a secret: the history masks them when it is written."""

    def __init__(
        self, *, clock: Clock, runner: Runner, recorder: Recorder, rows: Rows, reception: Reception, times: Times
    ) -> None:
        self._clock, self._runner, self._recorder, self._rows = clock, runner, recorder, rows
        self._reception, self._times, self._listing = reception, times, Listing()

    async def list(
        self,
        *,
        flow: str | None = None,
        status: Status | None = None,
        limit: int = 50,
        after: tuple[int, str] | None = None,
    ) -> tuple[Listed, ...]:
        """Return executions, newest first; ``after`` is the ``key`` of the last one of the page before."""
        page = partial(self._listing.page, flow=flow, status=status, limit=limit, after=after)
        return await self._runner.read(page)

    async def show(self, execution: str) -> Shown:
        """Return where an execution stands. It opens the state, so a row that cannot be opened is shown as such."""
        return await self._runner.read(partial(self._show, execution=execution))

    def _show(self, unit: Unit, *, execution: str) -> Shown:
        listed, row = self._listing.find(unit, execution), self._rows.executions.find(unit, execution)
        if listed is None or row is None:
            raise UnknownExecution(execution)
        try:
            state = self._rows.open(row).state
        except UNREADABLE as error:
            return Shown(listed=listed, unreadable=error.code)
        stack = tuple(
            Place(
                digest=frame.digest,
                node=frame.node,
                visit=frame.visits.get(frame.node, 0),
                deadline=frame.deadline,
                due=frame.due,
            )
            for frame in state.frames
        )
        return Shown(listed=listed, phase=state.phase.value, outcome=state.outcome, stack=stack, cancel=state.cancel)

    async def explain(self, execution: str) -> Explained:
        """Return what happened to an execution, as far as it is kept; UnknownExecution where nothing is known of it."""

        def read(unit: Unit) -> Explained:
            row = self._rows.executions.find(unit, execution)
            lines = self._rows.read_history(unit, execution)
            if row is None and not lines:
                raise UnknownExecution(execution)
            forgotten: Forgotten = "all" if not lines else "nothing" if lines[0].revision == 1 else "beginning"
            return Explained(lines=lines, forgotten=forgotten)

        return await self._runner.read(read)

    async def retry(self, execution: str) -> Step:
        """Try again what is stuck: run the node of a fault once more, or tell an end that could not be told.

        A fault's node runs as another visit under another key; when the execution then ends, its ``on_end`` is told
        of that end too. Faults can be tried again for as long as what they knew is kept (7 days).
        """
        now = self._clock.now()
        await self._reception.follow(partial(self._retry, execution=execution, now=now))
        return await self._reception.current(execution)

    def _retry(self, unit: Unit, *, execution: str, now: datetime) -> Recorded | None:
        row = self._rows.executions.lock(unit, execution)
        if row is None:
            raise UnknownExecution(execution)
        match row.status:
            case "broken" | "ending":
                return self._tell_again(unit, row, now)
            case "ended":
                return self._run_again(unit, row, now)
            case _:
                raise CannotRetry(execution, f"it is {row.status}, and goes on by itself")

    def _tell_again(self, unit: Unit, row: Execution, now: datetime) -> Recorded | None:
        held = self._recorder.open_or_end(unit, row, now)
        return None if held is None else self._recorder.end_again(unit, held, now)

    def _run_again(self, unit: Unit, row: Execution, now: datetime) -> Recorded:
        held = self._opened(row)
        if held is None or held.state.phase is not Phase.ENDED or held.state.outcome != "fault":
            raise CannotRetry(row.id, "it did not end in a fault")
        if row.ended_at is not None and row.ended_at < now - self._times.faults_kept:
            raise CannotRetry(row.id, "its fault is too long ago, and what it knew is forgotten")
        recorded = self._recorder.run_again(unit, held, now)
        if recorded is None:
            raise CannotRetry(row.id, "the fault came before the first node")
        return recorded

    def _opened(self, row: Execution) -> Held | None:
        try:
            return self._rows.open(row)
        except SealBroken:
            return None
