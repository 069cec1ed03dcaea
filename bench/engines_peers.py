"""The same five-step flow with one pause on another engine, with SQLite at ``synchronous=FULL``; in the peers' venv.

``python engines_peers.py NAME FOLDER FLOWS IN_FLIGHT`` prints one JSON object. Each step adds a value; a flow is begun,
stored at its pause, and resumed from what was stored.
"""

# ruff: noqa: PLC0415 - the packages of one peer are loaded where that one is measured
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from threading import Lock, local
from typing import Any, TypedDict


def full(path: Path) -> sqlite3.Connection:
    """Open a database as durable as ours."""
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class Rows:
    """States by name, one commit each."""

    def __init__(self, path: Path) -> None:
        self.connection, self.lock = full(path), Lock()
        self.connection.execute("CREATE TABLE IF NOT EXISTS states (id TEXT PRIMARY KEY, state TEXT NOT NULL)")

    def put(self, name: str, state: str) -> None:
        """Store and commit."""
        with self.lock, self.connection:
            self.connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?)", (name, state))

    def get(self, name: str) -> str:
        """Return what was stored."""
        with self.lock:
            return str(self.connection.execute("SELECT state FROM states WHERE id = ?", (name,)).fetchone()[0])


class Flow(TypedDict, total=False):
    """What the steps know."""

    one: int
    two: int
    answer: str
    three: int


def langgraph(path: Path) -> tuple[Callable[[str], None], Callable[[str], None]]:
    """LangGraph with its SqliteSaver: a checkpoint for each step."""
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Command, interrupt

    saver = SqliteSaver(full(path))
    saver.setup()
    graph = StateGraph(Flow)
    graph.add_node("do_one", lambda _state: {"one": 1})
    graph.add_node("do_two", lambda _state: {"two": 2})
    graph.add_node("ask", lambda _state: {"answer": interrupt("go on?")})
    graph.add_node("do_three", lambda _state: {"three": 3})
    for before, after in ((START, "do_one"), ("do_one", "do_two"), ("do_two", "ask"), ("ask", "do_three")):
        graph.add_edge(before, after)
    graph.add_edge("do_three", END)
    app = graph.compile(checkpointer=saver)

    def begin(name: str) -> None:
        app.invoke({}, {"configurable": {"thread_id": name}})

    def resume(name: str) -> None:
        assert app.invoke(Command(resume="yes"), {"configurable": {"thread_id": name}})["three"] == 3

    return begin, resume


def spiff(path: Path) -> tuple[Callable[[str], None], Callable[[str], None]]:
    """SpiffWorkflow with its JSON serializer: stored at the pause and at the end."""
    from SpiffWorkflow.serializer.json import JSONSerializer
    from SpiffWorkflow.specs.Simple import Simple
    from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
    from SpiffWorkflow.workflow import Workflow

    rows, serializer = Rows(path), JSONSerializer()
    spec = WorkflowSpec("five steps", addstart=True)
    steps = [Simple(spec, "one"), Simple(spec, "two"), Simple(spec, "ask", manual=True), Simple(spec, "three")]
    for before, after in pairwise([spec.start, *steps]):
        before.connect(after)

    def begin(name: str) -> None:
        workflow = Workflow(spec)
        workflow.run_all()
        rows.put(name, json.dumps(workflow.serialize(serializer), default=str))

    def resume(name: str) -> None:
        workflow = Workflow.deserialize(serializer, json.loads(rows.get(name)))
        workflow.run_all(halt_on_manual=False)
        assert workflow.is_completed()
        rows.put(name, json.dumps(workflow.serialize(serializer), default=str))

    return begin, resume


def burr(path: Path) -> tuple[Callable[[str], None], Callable[[str], None]]:
    """Burr with its SQLitePersister: a row for each step."""
    from burr.core import ApplicationBuilder, State, action
    from burr.core.persistence import SQLitePersister

    def step(name: str) -> Any:
        @action(reads=[], writes=[name])
        def act(state: State) -> State:
            return state.update(**{name: 1})

        return act

    mine = local()

    def persister() -> Any:
        # Its connection is for one thread.
        if not hasattr(mine, "persister"):
            mine.persister = SQLitePersister(str(path), connect_kwargs={"timeout": 60})
            mine.persister.connection.execute("PRAGMA journal_mode=WAL")
            mine.persister.connection.execute("PRAGMA synchronous=FULL")
            mine.persister.initialize()
        return mine.persister

    names = ("one", "two", "ask", "three")
    actions = {name: step(name) for name in names}

    def made(name: str) -> Any:
        return (
            ApplicationBuilder()
            .with_actions(**actions)
            .with_transitions(*pairwise(names))
            .initialize_from(persister(), resume_at_next_action=True, default_state={}, default_entrypoint="one")
            .with_state_persister(persister())
            .with_identifiers(app_id=name)
            .build()
        )

    def begin(name: str) -> None:
        made(name).run(halt_after=["two"])

    def resume(name: str) -> None:
        _, _, state = made(name).run(halt_after=["three"])
        assert state["three"] == 1

    return begin, resume


def loop(path: Path) -> tuple[Callable[[str], None], Callable[[str], None]]:
    """A hand-written loop over `transitions`, with a commit where we commit: at the pause and at the end."""
    from transitions import Machine

    rows = Rows(path)
    states = ["new", "one", "two", "ask", "three", "done"]

    class Model:
        """What a machine moves."""

        state: str

    model_of = Machine(model=None, states=states, initial="new", ordered_transitions=False)
    for before, after in pairwise(states):
        model_of.add_transition("go", before, after)

    def begin(name: str) -> None:
        model = Model()
        model_of.add_model(model, initial="new")
        while model.state != "ask":
            model.go()  # type: ignore[attr-defined] # the machine gives it
        model_of.remove_model(model)
        rows.put(name, json.dumps({"state": model.state, "values": {"one": 1, "two": 2}}))

    def resume(name: str) -> None:
        kept = json.loads(rows.get(name))
        model = Model()
        model_of.add_model(model, initial=kept["state"])
        while model.state != "done":
            model.go()  # type: ignore[attr-defined] # the machine gives it
        model_of.remove_model(model)
        rows.put(name, json.dumps({"state": model.state, "values": {**kept["values"], "three": 3}}))

    return begin, resume


ENGINES = {
    "LangGraph": (langgraph, ("langgraph", "langgraph-checkpoint-sqlite")),
    "SpiffWorkflow": (spiff, ("SpiffWorkflow",)),
    "Burr": (burr, ("burr",)),
    "transitions loop": (loop, ("transitions",)),
}


def measure(name: str, folder: Path, flows: int, in_flight: int) -> dict[str, Any]:
    """Run whole flows, then park as many and look at the disk."""
    make, packages = ENGINES[name]
    path = folder / f"{name.split(maxsplit=1)[0].lower()}-{in_flight}.sqlite"
    begin, resume = make(path)
    resumed: list[float] = []

    def whole(number: int) -> None:
        begin(f"f{number}")
        started = time.perf_counter()
        resume(f"f{number}")
        resumed.append((time.perf_counter() - started) * 1000)

    whole(-1)
    resumed.clear()
    started = time.perf_counter()
    with ThreadPoolExecutor(in_flight) as pool:
        list(pool.map(whole, range(flows)))
    rate = flows / (time.perf_counter() - started)
    size = _size(path)
    for number in range(flows):
        begin(f"p{number}")
    return {
        "subject": name,
        "in_flight": in_flight,
        "rate": rate,
        "resume_ms": sorted(resumed),
        "parked_bytes": (_size(path) - size) / flows,
        "versions": {package: version(package) for package in packages},
    }


def _size(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


if __name__ == "__main__":
    said = measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    sys.stdout.write(json.dumps(said))
