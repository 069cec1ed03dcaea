"""What an engine is made of, put together in the order in which the parts need each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.runtime.clock import Clock
from engine.runtime.observing import Observer
from engine.runtime.operations import Operations
from engine.runtime.ports import Executor, OnEnd, Sender
from engine.runtime.postman import Postman
from engine.runtime.published import Flows, Published
from engine.runtime.reception import Reception
from engine.runtime.recorder import Recorder
from engine.runtime.repeating import Repeating
from engine.runtime.rows import Rows
from engine.runtime.runner import Runner, Times
from engine.runtime.secrets_held import BodyHash
from engine.runtime.signalling import SignalDesk
from engine.runtime.submitting import Desk
from engine.runtime.sweeper import Sweeper
from engine.runtime.tasks import Registry
from engine.runtime.versions import Versions
from engine.runtime.worker import Worker
from engine.storage import Database, Keyring, OnSettled


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one engine."""

    published: Published
    registry: Registry
    rows: Rows
    recorder: Recorder
    runner: Runner
    desk: Desk
    signals: SignalDesk
    repeating: Repeating
    reception: Reception
    worker: Worker
    versions: Versions
    operations: Operations


def assemble(
    *,
    database: Database,
    flows: Flows,
    executors: Sequence[Executor],
    on_end: Mapping[str, OnEnd],
    senders: Mapping[str, Sender],
    on_settled: Mapping[str, OnSettled],
    keyring: Keyring,
    clock: Clock,
    times: Times,
    observer: Observer,
) -> Parts:
    """Return the parts of an engine that is not open yet."""
    published, registry = Published(flows), Registry(executors, list(senders))
    rows, repeating = Rows(keyring), Repeating(keyring)
    recorder = Recorder(
        published=published, registry=registry, on_end=on_end, rows=rows, lease=times.lease, observer=observer
    )
    runner = Runner(
        database=database,
        clock=clock,
        published=published,
        registry=registry,
        recorder=recorder,
        rows=rows,
        times=times,
        observer=observer,
    )
    desk = Desk(rows=rows, recorder=recorder, published=published, keyring=keyring, body=BodyHash(keyring))
    reception = Reception(
        database=database,
        clock=clock,
        runner=runner,
        recorder=recorder,
        rows=rows,
        published=published,
        texts=flows.catalogue,
        token=desk.token,
        times=times,
    )
    return Parts(
        published=published,
        registry=registry,
        rows=rows,
        recorder=recorder,
        runner=runner,
        desk=desk,
        signals=SignalDesk(rows=rows, recorder=recorder, keyring=keyring, repeating=repeating),
        repeating=repeating,
        reception=reception,
        operations=Operations(
            clock=clock, runner=runner, recorder=recorder, rows=rows, reception=reception, times=times
        ),
        versions=Versions(
            database=database,
            clock=clock,
            published=published,
            registry=registry,
            runner=runner,
            recorder=recorder,
            rows=rows,
        ),
        worker=Worker(
            database=database,
            runner=runner,
            sweeper=Sweeper(runner=runner, recorder=recorder, rows=rows, clock=clock, lease=times.lease),
            postman=Postman(
                runner=runner,
                recorder=recorder,
                rows=rows,
                senders=senders,
                on_settled=on_settled,
                clock=clock,
                times=times,
            ),
            rows=rows,
            repeating=repeating,
            clock=clock,
            times=times,
        ),
    )
