"""The outbox's worker: claims what is due, delivers outside any transaction, and marks it together with its node."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from engine.contracts import Refused, Transient, TransientError
from engine.execution import Succeeded, TaskEnded, jitter
from engine.runtime.bounded import bounded
from engine.runtime.clock import Clock
from engine.runtime.ports import Sender
from engine.runtime.recorder import Recorded, Recorder
from engine.runtime.rows import Rows
from engine.runtime.runner import Runner, Times
from engine.storage import OnSettled, SealBroken, Settled, Unit
from engine.storage.claiming import backoff
from engine.storage.outbox import OutgoingMessage

log = logging.getLogger(__name__)

AT_ONCE: Final = 16
# Where a message says nothing of when it is useless, somebody should look at it after a day of trying.
LONGEST: Final = timedelta(days=1)


class Postman:
    """Delivers messages through the senders, each under a lease."""

    def __init__(
        self,
        *,
        runner: Runner,
        recorder: Recorder,
        rows: Rows,
        senders: Mapping[str, Sender],
        on_settled: Mapping[str, OnSettled],
        clock: Clock,
        times: Times,
    ) -> None:
        self._runner, self._recorder, self._rows, self._senders = runner, recorder, rows, senders
        self._on_settled = on_settled
        self._clock, self._lease, self._longest = clock, times.lease, times.task

    async def claim(self) -> list[OutgoingMessage]:
        """Claim what is due now."""
        now = self._clock.now()
        claimed = await self._runner.run(
            lambda unit: self._rows.outbox.claim_due(unit, now=now, limit=AT_ONCE, lease=self._lease)
        )
        return list(claimed)

    async def deliver(self, message: OutgoingMessage) -> None:
        """Deliver one claimed message and record what came of it. Never raises but for a cancellation."""
        try:
            payload, fields = self._rows.open_message(message)
        except SealBroken as error:
            await self._settle(message, "dead", error.code, {})
            return
        renew = partial(self._rows.outbox.renew, message=message, lease=self._lease)
        try:
            await self._runner.renewing(renew, self._send_and_settle(message, payload, fields))
        except Exception as error:  # noqa: BLE001 - one message's trouble must not stop the others
            # The lease ends and the message is claimed again, under the same key.
            log.error("message_not_recorded", extra={"outbox_id": message.id, "error": type(error).__name__})  # noqa: TRY400 - a traceback may carry values

    async def _send_and_settle(
        self, message: OutgoingMessage, payload: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> None:
        status, code = await self._send(message, payload)
        await self._settle(message, status, code, fields)

    async def _send(  # noqa: PLR0911 - one return for each way that sending can end
        self, message: OutgoingMessage, payload: Mapping[str, Any]
    ) -> tuple[str, str]:
        if message.give_up_at is not None and message.give_up_at <= self._clock.now():
            return "undeliverable", message.last_error or "given_up"
        sender = self._senders.get(message.sender)
        if sender is None:
            return "retry", "sender_missing"
        try:
            await bounded(sender.deliver(key=message.id, payload=payload), self._longest)
        except Refused as error:
            return "undeliverable", error.reason
        except Transient as error:
            return "retry", error.reason
        except TimeoutError:
            return "retry", "timeout"
        except Exception as error:  # noqa: BLE001 - a sender is foreign code: what it raises is tried again
            log.error("sender_failed", extra={"sender": message.sender, "error": type(error).__name__})  # noqa: TRY400 - the message may hold the payload
            return "retry", "sender_failed"
        return "delivered", ""

    async def _settle(self, message: OutgoingMessage, status: str, code: str, fields: Mapping[str, Any]) -> None:
        """Record what came of *message*; if need be without its node, so that it is not sent for ever."""
        record = partial(self._record, message=message, status=status, code=code, fields=fields)
        try:
            recorded = await self._insist(record)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the execution, the message was dealt with
            log.error("node_not_completed", extra={"outbox_id": message.id, "error": type(error).__name__})  # noqa: TRY400 - a traceback may carry values
            recorded = await self._insist(partial(record, alone=True))
        await self._runner.follow(recorded)

    async def _insist(self, record: Callable[..., Recorded | None]) -> Recorded | None:
        return await self._runner.insist(lambda: self._runner.record(partial(record, now=self._clock.now())))

    def _record(
        self,
        unit: Unit,
        *,
        message: OutgoingMessage,
        status: str,
        code: str,
        fields: Mapping[str, Any],
        now: datetime,
        alone: bool = False,
    ) -> Recorded | None:
        """Mark the message and complete its node in one transaction: execution first, then outbox (lock order).

        Each part holds only while the message is ours, so that doing it once more does no harm.
        """
        status = _judged(message, status, now)
        if status == "retry":
            due_at = self._next_try(message, now)
            self._rows.outbox.reschedule(unit, message, due_at=due_at, error=code)
            return None
        outcome = message.delivered if status == "delivered" else message.undeliverable
        waits = outcome is not None and not alone and _is_of_flow(message)
        row = self._rows.executions.lock_deferred(unit, message.task_key) if waits else None
        final = "dead" if status == "dead" or (status == "undeliverable" and outcome is None) else status
        if final == "delivered":
            marked = self._rows.outbox.finish(unit, message, status="delivered", now=now)
        elif final == "dead":
            unit.after_commit(partial(log.error, "message_dead", extra={"outbox_id": message.id, "error": code}))
            marked = self._rows.outbox.finish(unit, message, status="dead", now=now, error=code)
        else:
            marked = self._rows.outbox.finish(unit, message, status="undeliverable", now=now, error=code)
        if marked and not alone and not _is_of_flow(message):
            self._tell(unit, message, final, code, now)
        if not marked or row is None or outcome is None:
            return None
        answer = fields if final == "delivered" else {"reason": code}
        event = TaskEnded(key=message.task_key, result=Succeeded(outcome=outcome, fields=answer))
        held = self._recorder.open_or_end(unit, row, now)
        return None if held is None else self._recorder.apply(unit, held, event, now, claim=True)

    def _tell(self, unit: Unit, message: OutgoingMessage, final: str, code: str, now: datetime) -> None:
        """Tell whoever posted *message* how it ended."""
        told = self._on_settled.get(message.sender)
        if told is None:
            return
        told(
            unit,
            Settled(
                name=message.id,
                sender=message.sender,
                correlation=message.task_key,
                status="delivered" if final == "delivered" else "undeliverable",
                reason=code,
                at=now,
            ),
        )

    def _next_try(self, message: OutgoingMessage, now: datetime) -> datetime:
        due_at = now + backoff(message.attempts, jitter=jitter(message.id, message.attempts))
        return due_at if message.give_up_at is None else min(due_at, message.give_up_at)


def _is_of_flow(message: OutgoingMessage) -> bool:
    return message.execution != ""


def _judged(message: OutgoingMessage, status: str, now: datetime) -> str:
    """Return *status*, or how a message ends that has been tried for long enough."""
    if status != "retry":
        return status
    if message.give_up_at is not None:
        return "undeliverable" if now >= message.give_up_at else "retry"
    return "dead" if now >= message.created_at + LONGEST else "retry"
