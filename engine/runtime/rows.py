"""Executions as the runtime handles them: a row, and the state that was sealed in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from engine.contracts import Message, OperatorError
from engine.execution import Frame, Note, Phase, State, StateUnreadable, decode, encode, pack, unpack
from engine.language import Graph
from engine.runtime.steps import HistoryEntry
from engine.storage import Keyring, SealBroken, Unit
from engine.storage.executions import Execution, Executions, Status
from engine.storage.history import History
from engine.storage.outbox import Outbox, OutgoingMessage

# what a stored state may meet when it is opened
UNREADABLE: Final = (SealBroken, StateUnreadable)


class LostRow(OperatorError):
    """A locked row was changed by somebody else: the database does not keep its promises."""

    code = "row_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One revision as it was written. ``entry`` is its line of the history, sealed as no other is."""

    revision: int
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One execution under its lock, or about to be inserted where there is no ``row`` yet."""

    row: Execution | None
    execution: str
    flow: str
    digest: str
    on_end: str
    correlation: str
    started_at: datetime
    state: State
    status: Status
    epoch: int = 0
    take_ups: int = 0
    wake_at: datetime | None = None
    end_failure: str | None = None

    @classmethod
    def fresh(
        cls, execution: str, graph: Graph, state: State, *, on_end: str, correlation: str, started_at: datetime
    ) -> Held:
        """Return an execution that is not stored yet."""
        return cls(
            row=None,
            execution=execution,
            flow=graph.name,
            digest=graph.digest,
            on_end=on_end,
            correlation=correlation,
            started_at=started_at,
            state=state,
            status="waiting",
        )

    def moved(
        self, state: State, *, status: Status, wake_at: datetime | None, epoch: int, take_ups: int, failure: str | None
    ) -> Held:
        """Return it as it is after an event. Written out: ``replace`` takes twice as long, once for each step."""
        return Held(
            row=self.row,
            execution=self.execution,
            flow=self.flow,
            digest=self.digest,
            on_end=self.on_end,
            correlation=self.correlation,
            started_at=self.started_at,
            state=state,
            status=status,
            epoch=epoch,
            take_ups=take_ups,
            wake_at=wake_at,
            end_failure=failure,
        )

    @property
    def over(self) -> bool:
        """Return whether the end has been reached and told."""
        return self.status == "ended"


class Rows:
    """Reads and writes executions, their history and their outgoing messages, sealed."""

    def __init__(self, keyring: Keyring) -> None:
        self.executions, self.history, self.outbox = Executions(keyring), History(keyring), Outbox(keyring)

    def lock(self, unit: Unit, execution: str) -> Held | None:
        """Return the execution, locked; SealBroken or StateUnreadable where its state cannot be read."""
        row = self.executions.lock(unit, execution)
        return None if row is None else self.open(row)

    def find(self, unit: Unit, execution: str) -> Held | None:
        """Return the execution for reading."""
        row = self.executions.find(unit, execution)
        return None if row is None else self.open(row)

    def open(self, row: Execution) -> Held:
        """Return *row* with its state."""
        state = State.from_json(decode(self.executions.open_state(row)))
        if state.execution != row.id or (state.frames and state.frames[0].digest != row.digest):
            raise StateUnreadable(
                f"expected the state of execution {row.id} of '{row.flow}', found one of another execution or flow: "
                "restore the row from a backup"
            )
        return Held(
            row=row,
            execution=row.id,
            flow=row.flow,
            digest=row.digest,
            on_end=row.on_end,
            correlation=row.correlation,
            started_at=row.started_at,
            state=state,
            status=row.status,
            epoch=row.lease_epoch,
            take_ups=row.take_ups,
            wake_at=row.wake_at,
            end_failure=row.end_failure,
        )

    def store(
        self,
        unit: Unit,
        after: Held,
        *,
        kept: Sequence[Frame],
        lease: timedelta | None,
        keep_lease: bool,
        notes: Sequence[Note],
        now: datetime,
    ) -> Written:
        """Write the next revision of the row in *after*, or its first one, and what the history says of it.

        *kept* is what is stored of its frames.
        """
        plain = encode(after.state.to_json(frames=kept))
        key = after.state.task.key if after.state.phase is Phase.DEFERRED and after.state.task is not None else None
        ended_at = now if after.status == "ended" else None
        if after.row is None:
            revision = 1
            self.executions.insert(
                unit,
                id=after.execution,
                flow=after.flow,
                digest=after.digest,
                state=plain,
                status=after.status,
                on_end=after.on_end,
                correlation=after.correlation,
                started_at=after.started_at,
                wake_at=after.wake_at,
                deferred_key=key,
                ended_at=ended_at,
                lease=lease,
            )
        else:
            revision = after.row.revision + 1
            saved = self.executions.save(
                unit,
                after.row,
                state=plain,
                status=after.status,
                wake_at=after.wake_at,
                deferred_key=key,
                lease=lease,
                keep_lease=keep_lease,
                take_ups=after.take_ups,
                end_failure=after.end_failure,
                ended_at=ended_at,
            )
            if not saved:
                raise LostRow(f"execution {after.execution} was changed while its row was locked")
        return self._remember(unit, after.execution, revision, notes, now)

    def repin(self, unit: Unit, after: Held, note: Note, now: datetime) -> Written:
        """Write the next revision of a row under another version of its flow."""
        plain = encode(after.state.to_json())
        if after.row is None or not self.executions.repin(unit, after.row, state=plain, digest=after.digest):
            raise LostRow(f"execution {after.execution} was changed while its row was locked")
        return self._remember(unit, after.execution, after.row.revision + 1, (note,), now)

    def _remember(self, unit: Unit, execution: str, revision: int, notes: Sequence[Note], now: datetime) -> Written:
        lines = encode([[note.kind, note.node, pack(note.facts)] for note in notes])
        sealed = self.history.append(unit, execution=execution, revision=revision, at=now, entry=lines)
        return Written(revision=revision, entry=sealed)

    def holds(self, unit: Unit, execution: str, written: Written) -> bool:
        """Return whether the revision that was *written* is stored."""
        return self.history.holds(unit, execution=execution, revision=written.revision, sealed=written.entry)

    def queue(self, unit: Unit, held: Held, message: Message, *, name: str, key: str, now: datetime) -> None:
        """Put *message* of the task *key* into the outbox under its own *name*."""
        body = {"payload": pack(message.payload), "fields": pack(message.delivered_fields)}
        self.outbox.enqueue(
            unit,
            id=name,
            task_key=key,
            execution=held.execution,
            sender=message.sender,
            payload=encode(body),
            now=now,
            delivered=message.delivered,
            undeliverable=message.undeliverable,
            give_up_at=message.give_up_at,
        )

    def open_message(self, message: OutgoingMessage) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the payload to send and the fields of the outcome once it is delivered."""
        body = decode(self.outbox.open_payload(message))
        packed = (unpack(body["payload"]), unpack(body["fields"]))
        return cast("tuple[Mapping[str, Any], Mapping[str, Any]]", packed)  # packed as mappings above

    def read_history(self, unit: Unit, execution: str) -> tuple[HistoryEntry, ...]:
        """Return what happened, line by line."""
        return tuple(
            HistoryEntry(revision=row.revision, at=row.recorded_at, kind=kind, node=node, facts=unpack(facts))
            for row in self.history.read(unit, execution)
            for kind, node, facts in decode(row.entry)
        )
