"""Finding what is due: woken rows, ready ones, and those whose process is gone. Any process may run it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from engine.contracts import FlowError
from engine.execution import Failed, TakenUp, TaskEnded, TimerFired
from engine.runtime.clock import Clock
from engine.runtime.recorder import Recorded, Recorder
from engine.runtime.rows import Held, Rows
from engine.runtime.runner import Runner
from engine.storage import Unit
from engine.storage.executions import Claim

log = logging.getLogger(__name__)

MOST_TAKE_UPS: Final = 5
AT_ONCE: Final = 64


class Sweeper:
    """Takes up what is due, each row in a transaction of its own: one row's failure never ends a sweep."""

    def __init__(self, *, runner: Runner, recorder: Recorder, rows: Rows, clock: Clock, lease: timedelta) -> None:
        self._runner, self._recorder, self._rows, self._clock, self._lease = runner, recorder, rows, clock, lease

    async def sweep(self) -> list[Claim]:
        """Claim what is due now."""
        now = self._clock.now()
        claims = await self._runner.run(
            lambda unit: self._rows.executions.claim_due(unit, now=now, limit=AT_ONCE, lease=self._lease)
        )
        return list(claims)

    async def take_up(self, claim: Claim) -> None:
        """Do what one claimed row is due for, and run what follows. Never raises but for a cancellation."""
        record = partial(self._record, claim=claim, now=self._clock.now())
        try:
            await self._runner.perform(record)
        except FlowError as error:
            # The row stays claimed; when that lease ends it is due again.
            log.error("sweep_row_failed", extra={"execution": claim.id, "error": error.code})  # noqa: TRY400 - a traceback may carry values
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one row, the others go on
            log.error("sweep_row_failed", extra={"execution": claim.id, "error": type(error).__name__})  # noqa: TRY400 - the same

    def _record(self, unit: Unit, *, claim: Claim, now: datetime) -> Recorded | None:
        row = self._rows.executions.lock(unit, claim.id)
        if row is None or row.status in {"ended", "broken"} or row.lease_epoch != claim.epoch:
            return None
        held = self._recorder.open_or_end(unit, row, now)
        return None if held is None else self._apply(unit, held, claim, now)

    def _apply(self, unit: Unit, held: Held, claim: Claim, now: datetime) -> Recorded:
        match held.status:
            case "ending":
                return self._recorder.end_again(unit, held, now)
            case "running" if claim.take_ups > MOST_TAKE_UPS and held.state.task is not None:
                abandoned = TaskEnded(key=held.state.task.key, result=Failed(kind="fault", code="abandoned"))
                return self._recorder.apply(unit, held, abandoned, now, claim=True)
            case "running" | "ready":
                return self._recorder.apply(unit, held, TakenUp(), now, claim=True)
            case _:
                recorded = self._recorder.apply(unit, held, TimerFired(), now, claim=True)
                if recorded.held is held:
                    self._rows.executions.release(unit, held.execution, epoch=held.epoch)
                return recorded
