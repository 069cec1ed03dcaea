"""What has to be done so that the register has what a file declares; and doing it, in one unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from engine.storage import Unit
from lockhouse.client_fields import values_of
from lockhouse.client_file.declared import ClientFile
from protocols.oauth2 import Clients, NewClient, Registered

__all__ = ["Action", "Plan", "Step", "apply_plan", "plan_for"]


class Action(Enum):
    """What happens to one client."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    LEAVE = "leave"  # it left the file, and nobody asked for its removal
    CONFLICT = "conflict"  # somebody else keeps a client of this id: it is not touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One client that is not as the file has it. ``changes`` are keys with what they were and will be."""

    action: Action
    client_id: str
    kept_by: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        changes = [{"key": key, "before": before, "after": after} for key, before, after in self.changes]
        return {"action": self.action.value, "client": self.client_id, "kept_by": self.kept_by, "changes": changes}


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps, in the order of client ids."""

    steps: tuple[Step, ...]

    @property
    def conflicts(self) -> tuple[Step, ...]:
        """The steps that nobody can take; with one of them nothing is done at all."""
        return tuple(step for step in self.steps if step.action is Action.CONFLICT)

    @property
    def changing(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action in (Action.ADD, Action.CHANGE, Action.REMOVE))


def plan_for(unit: Unit, file: ClientFile, *, clients: Clients, prune: bool) -> Plan:
    """Return what would make the register have what *file* declares. Secrets are compared where they were looked up."""
    there = {each.settings.client_id: each for each in clients.all_registered(unit)}
    declared = {each.client.client_id: each.client for each in file.clients}
    steps = [
        step
        for client_id, client in declared.items()
        if (step := _step(unit, client, there.get(client_id), clients=clients, origin=file.origin)) is not None
    ]
    gone = Action.REMOVE if prune else Action.LEAVE
    steps += [
        Step(action=gone, client_id=client_id, kept_by=known.origin)
        for client_id, known in there.items()
        if known.origin == file.origin and client_id not in declared
    ]
    return Plan(tuple(sorted(steps, key=lambda step: step.client_id)))


def apply_plan(
    unit: Unit,
    plan: Plan,
    file: ClientFile,
    *,
    clients: Clients,
    remove: Callable[[Unit, str], bool],
    now: datetime,
) -> None:
    """Take every step of *plan*; *remove* removes a client with all that it has."""
    declared = {each.client.client_id: each.client for each in file.clients}
    for step in plan.changing:
        match step.action:
            case Action.ADD:
                clients.add(unit, declared[step.client_id], now=now, origin=file.origin)
            case Action.CHANGE:
                clients.replace(unit, declared[step.client_id])
            case _:
                remove(unit, step.client_id)


def _step(unit: Unit, client: NewClient, known: Registered | None, *, clients: Clients, origin: str) -> Step | None:
    if known is None:
        return Step(action=Action.ADD, client_id=client.client_id, kept_by=origin)
    if known.origin != origin:
        return Step(action=Action.CONFLICT, client_id=client.client_id, kept_by=known.origin)
    changes = _changes(known.settings, client)
    if client.secret is not None and not clients.has_secret(unit, client.client_id, client.secret):
        changes = (*changes, ("secret", "kept as a hash", "another one"))
    return Step(action=Action.CHANGE, client_id=client.client_id, kept_by=origin, changes=changes) if changes else None


def _changes(before: NewClient, after: NewClient) -> tuple[tuple[str, str, str], ...]:
    old, new = values_of(before), values_of(replace(after, secret=None))
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return tuple((key, _shown(key, old.get(key)), _shown(key, new.get(key))) for key in keys)


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "(not set)"
    if key == "jwks":
        return "(a key set)"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return " ".join(f"{name}={part}" for name, part in value.items())
    return str(value)
