"""A synchronous script that waits for a person: ``python wait_for_approval.py approvals.sqlite "Delete the backups"``.

The engine is asynchronous. From synchronous code it is used through a portal: an event loop in a thread of its own,
where timers and messages are worked off while the script does something else. Stop the script while it waits, start it
again with the same words, and it goes on waiting for the same answer.
"""

import hashlib
import secrets
import sys
import tempfile
from functools import partial
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from engine import Engine, StepConflict, StepGone
from engine.language import load_flows
from engine.storage import ENGINE_TABLES, Database, Keyring, upgrade

FLOW = """
flow: approval
version: 1.0.0
language: 1
type: utility
title: May this be done?
inputs: {what: {type: string, max: 80}}
outcomes: {approved: {}, refused: {}}
start: ask
nodes:
  ask:
    prompt: {title: "May this be done?"}
    show: {what: =inputs.what}
    submits: []
    timeout: {after: 1d, to: refused}
    routes: {approve: approved, refuse: refused}
  approved: {end: approved}
  refused: {end: refused}
"""


def make_engine(database: Path) -> Engine:
    """Return an engine that keeps everything in one file, sealed under the key in the file beside it."""
    key = database.with_suffix(".key")
    if not key.exists():
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(32))
    url = f"sqlite:///{database}"
    upgrade(url, [ENGINE_TABLES])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "approval.yaml").write_text(FLOW)
        flows = load_flows(Path(folder), contracts=[])
    return Engine(
        database=Database.open(url),
        flows=flows,
        executors=[],
        on_end={"nobody": lambda _unit, _ended: None},
        senders={},
        keyring=Keyring({"k1": key.read_bytes()}, "k1"),
    )


def main(database: Path, what: str) -> int:
    """Ask on the terminal whether *what* may be done; return 0 where it may."""
    engine = make_engine(database)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(engine):
        begin = partial(engine.begin, flow="approval", inputs={"what": what}, on_end="nobody", correlation="script")
        # The same words under the same key are the same question, also in the next run.
        step = portal.call(partial(begin, execution=hashlib.sha256(what.encode()).hexdigest()[:16], key=what))
        while step.status != "ended":
            answer = input(f"{step.title.text if step.title else ''} {what} [yes/no] ").strip().lower()
            action = {"yes": "approve", "no": "refuse"}.get(answer)
            if action is None:
                continue
            submit = partial(engine.submit, step.execution, token=step.token or "", action=action, values={})
            try:
                step = portal.call(submit)
            except (StepConflict, StepGone) as error:  # somebody else was faster, or it was too late
                step = error.step
        portal.call(engine.stop_waiting)
    sys.stdout.write(f"{step.outcome}\n")
    return 0 if step.outcome == "approved" else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
