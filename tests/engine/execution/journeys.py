"""Executions that a test drives, event by event."""

from datetime import timedelta
from typing import Any

from engine.execution import (
    Command,
    Event,
    Failed,
    Promised,
    Started,
    State,
    Submitted,
    Succeeded,
    TaskEnded,
    position,
    transition,
)
from engine.language import Graph
from tests.engine.execution.flows import (
    EXPENSE,
    GRAPHS,
    LOGIN,
    NOON,
)

LOGIN_INPUTS = {
    "subject": "ann",
    "permissions": [{"name": "pay", "required": True}, {"name": "see"}],
    "expires_at": "2030-01-01T12:05:00Z",
}


class Journey:
    """One execution driven by a test."""

    def __init__(self, graph: Graph, inputs: dict[str, Any], more: dict[str, Graph] | None = None) -> None:
        self.graphs = {**GRAPHS, graph.digest: graph, **(more or {})}
        self.now = NOON
        self.state: State | None = None
        self.commands: tuple[Command, ...] = ()
        self.send(Started(execution="e1", digest=graph.digest, inputs=inputs))

    def send(self, event: Event) -> tuple[Command, ...]:
        self.state, self.commands = transition(self.graphs, self.state, event, self.now)
        assert State.from_json(self.state.to_json()) == self.state
        return self.commands

    @property
    def at(self) -> State:
        assert self.state is not None
        return self.state

    def submit(self, action: str = "submit", **values: Any) -> tuple[Command, ...]:
        return self.send(
            Submitted(position=position(self.at.frames), action=action, values=values, token="t", body="b")
        )

    def ended(self, result: Succeeded | Failed | Promised) -> tuple[Command, ...]:
        task_now = self.at.task
        assert task_now is not None
        return self.send(TaskEnded(key=task_now.key, result=result))

    def done(self, outcome: str, **fields: Any) -> tuple[Command, ...]:
        return self.ended(Succeeded(outcome=outcome, fields=fields))

    def fail(self, kind: str, code: str = "broken") -> tuple[Command, ...]:
        return self.ended(Failed(kind=kind, code=code))

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    @property
    def node(self) -> str:
        return self.at.top.node


def only(commands: tuple[Command, ...], kind: type[Any]) -> Any:
    found = [command for command in commands if isinstance(command, kind)]
    assert len(found) == 1, f"expected one {kind.__name__} in {commands}"
    return found[0]


def login() -> Journey:
    return Journey(LOGIN, LOGIN_INPUTS)


def expense(amount: int = 10) -> Journey:
    return Journey(EXPENSE, {"amount": amount, "manager": "bob", "until": NOON + timedelta(hours=9)})
