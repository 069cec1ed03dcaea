"""The state of one execution: a frozen value that is JSON and nothing else once it is stored.

Values are kept in the native form (aware times, durations) while in memory; in JSON they carry a tag, so that state
can be read without the flow that wrote it. A typed secret is never here: a ``Handle`` stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from engine.contracts import OperatorError, format_duration, format_time, parse_duration, parse_time

STATE_VERSION: Final = 1


class Phase(StrEnum):
    """What an execution stands waiting for."""

    NEW = "new"
    """Nothing has been started."""
    RUNNING = "running"
    """A task is to run, or runs."""
    RETRYING = "retrying"
    """A task is to run again at a due time."""
    DEFERRED = "deferred"
    """A task has promised its answer for later."""
    PROMPT = "prompt"
    """A person is asked."""
    WAITING = "waiting"
    """A signal is awaited."""
    ENDED = "ended"
    """There is an outcome."""


class StateUnreadable(OperatorError):
    """A stored state was written by another version of the engine."""

    code = "state_unreadable"


@dataclass(frozen=True, slots=True)
class Handle:
    """Stands for a typed secret, whose text only the memory of one process holds."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One flow that has been entered and not left: the node it stands at and what it has learned.

    ``deadline`` is the flow's, ``due`` is the timeout of the node; a called flow returns to ``node`` of the frame
    below it.
    """

    digest: str
    node: str
    visits: Mapping[str, int]
    attempt: int = 1
    inputs: Mapping[str, Any] = field(repr=False)
    vars: Mapping[str, Any] = field(repr=False)
    steps: Mapping[str, Mapping[str, Any]] = field(repr=False)
    deadline: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The task that an execution stands at.

    ``asked`` is the prompt that a secret among the arguments came from, with that prompt's timeout: where the
    execution goes back to when the secret is lost.
    """

    key: str
    arguments: Mapping[str, Any] = field(repr=False)
    retry_at: datetime | None = None
    deferred_until: datetime | None = None
    asked: str | None = None
    asked_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message for the next prompt."""

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The last answer that was accepted: the token of its step and the MAC of its body, ``None`` once forgotten.

    ``held`` names the secrets that went into the MAC.
    """

    token: str
    body: str | None
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One execution at one moment."""

    execution: str
    phase: Phase
    locale: str = "en"
    started_at: datetime | None = None
    frames: tuple[Frame, ...] = ()
    task: Task | None = None
    messages: tuple[Said, ...] = ()
    signals: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    cancel: str | None = None
    accepted: Accepted | None = None
    outcome: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def top(self) -> Frame:
        """Return the frame that moves."""
        return self.frames[-1]

    @property
    def deadline(self) -> datetime | None:
        """Return the earliest deadline of the stack."""
        return earliest([frame.deadline for frame in self.frames])

    @property
    def wake_at(self) -> datetime | None:
        """Return the earliest timer; none runs in a new, a running or an ended execution."""
        if self.phase in (Phase.NEW, Phase.RUNNING, Phase.ENDED):
            return None
        times = [at for frame in self.frames for at in (frame.deadline, frame.due)]
        if self.task is not None:
            times += (self.task.retry_at, self.task.deferred_until)
        return earliest(times)

    def to_json(self, *, frames: Sequence[Frame] | None = None) -> dict[str, Any]:
        """Return the state as JSON, from which ``State.from_json`` makes an equal one, or one with *frames* instead."""
        return {
            "version": STATE_VERSION,
            "execution": self.execution,
            "phase": self.phase.value,
            "locale": self.locale,
            "started_at": pack(self.started_at),
            "frames": [_frame_to_json(frame) for frame in (self.frames if frames is None else frames)],
            "task": None if self.task is None else _task_to_json(self.task),
            "messages": [[said.id, pack(said.params)] for said in self.messages],
            "signals": {name: [pack(part) for part in kept] for name, kept in self.signals.items()},
            "cancel": self.cancel,
            "accepted": None if self.accepted is None else _accepted_to_json(self.accepted),
            "outcome": self.outcome,
            "result": pack(self.result),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> State:
        """Return what ``to_json`` wrote; StateUnreadable where another version wrote it."""
        if raw.get("version") != STATE_VERSION:
            raise StateUnreadable(_other_version(raw.get("version")))
        return cls(
            execution=raw["execution"],
            phase=Phase(raw["phase"]),
            locale=raw["locale"],
            started_at=unpack(raw["started_at"]),
            frames=tuple(_frame_from_json(frame) for frame in raw["frames"]),
            task=None if raw["task"] is None else _task_from_json(raw["task"]),
            messages=tuple(Said(text, unpack(params)) for text, params in raw["messages"]),
            signals={name: tuple(unpack(part) for part in kept) for name, kept in raw["signals"].items()},
            cancel=raw["cancel"],
            accepted=None if raw["accepted"] is None else _accepted_from_json(raw["accepted"]),
            outcome=raw["outcome"],
            result=unpack(raw["result"]),
        )


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    """Return the first of *moments*, or None where there is none."""
    first: datetime | None = None
    for moment in moments:
        if moment is not None and (first is None or moment < first):
            first = moment
    return first


def _other_version(found: object) -> str:
    if isinstance(found, int) and found > STATE_VERSION:
        return f"state version {found} is newer than {STATE_VERSION}, the newest known here: run the newer program"
    return f"expected state version {STATE_VERSION}, found {found!r}: run the version of the program that wrote it"


def _frame_to_json(frame: Frame) -> dict[str, Any]:
    return {
        "digest": frame.digest,
        "node": frame.node,
        "visits": dict(frame.visits),
        "attempt": frame.attempt,
        "inputs": pack(frame.inputs),
        "vars": pack(frame.vars),
        "steps": {node: pack(values) for node, values in frame.steps.items()},
        "deadline": pack(frame.deadline),
        "due": pack(frame.due),
    }


def _frame_from_json(raw: Mapping[str, Any]) -> Frame:
    return Frame(
        digest=raw["digest"],
        node=raw["node"],
        visits=raw["visits"],
        attempt=raw["attempt"],
        inputs=unpack(raw["inputs"]),
        vars=unpack(raw["vars"]),
        steps={node: unpack(values) for node, values in raw["steps"].items()},
        deadline=unpack(raw["deadline"]),
        due=unpack(raw["due"]),
    )


def _task_to_json(task: Task) -> dict[str, Any]:
    return {
        "key": task.key,
        "arguments": pack(task.arguments),
        "retry_at": pack(task.retry_at),
        "deferred_until": pack(task.deferred_until),
        "asked": task.asked,
        "asked_due": pack(task.asked_due),
    }


def _task_from_json(raw: Mapping[str, Any]) -> Task:
    return Task(
        key=raw["key"],
        arguments=unpack(raw["arguments"]),
        retry_at=unpack(raw["retry_at"]),
        deferred_until=unpack(raw["deferred_until"]),
        asked=raw["asked"],
        asked_due=unpack(raw["asked_due"]),
    )


def _accepted_to_json(accepted: Accepted) -> list[Any]:
    return [accepted.token, accepted.body, list(accepted.held)]


def _accepted_from_json(raw: list[Any]) -> Accepted:
    token, body, held = raw
    return Accepted(token, body, tuple(held))


# values with tags: a mapping with one key that begins with "$" is never a value of the flow itself


_AS_THEY_ARE = frozenset({str, bool, int, float, type(None)})


def pack(value: Any) -> Any:  # noqa: PLR0911 - one return for each tag
    """Return *value* as JSON that ``unpack`` reads back without knowing any type."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return _pack_parts(value)
    if kind is datetime:
        return {"$time": format_time(value)}
    match value:
        case str() | bool() | int() | float():
            return value
        case datetime():
            return {"$time": format_time(value)}
        case timedelta():
            return {"$duration": format_duration(value)}
        case Handle():
            return {"$secret": value.id}
        case Mapping():
            return _pack_parts(value)
        case bytes() | bytearray():
            raise TypeError("expected JSON, a time or a duration, found bytes")  # they would become numbers
        case _:
            return [part if type(part) in _AS_THEY_ARE else pack(part) for part in value]


def _pack_parts(values: Mapping[str, Any]) -> dict[str, Any]:
    if not values:
        return {}
    packed = {key: part if type(part) in _AS_THEY_ARE else pack(part) for key, part in values.items()}
    for key in packed:
        if key.startswith("$"):
            return {"$map": packed}
    return packed


def unpack(value: Any) -> Any:
    """Return what ``pack`` was given."""
    if type(value) is list:
        return [unpack(part) for part in value]
    if type(value) is not dict:
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if (read := _TAGS.get(tag)) is not None:
            return read(inner)
    return _unpack_parts(value)


def _unpack_parts(values: Mapping[str, Any]) -> dict[str, Any]:
    if not values:
        return {}
    return {key: part if type(part) in _AS_THEY_ARE else unpack(part) for key, part in values.items()}


_TAGS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "$time": parse_time,
    "$duration": parse_duration,
    "$secret": Handle,
    "$map": _unpack_parts,
}
