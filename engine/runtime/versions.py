"""Versions of flows: publishing, going back, and what becomes of the executions that stand in older ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

from engine.contracts import FlowError, UnknownFlow
from engine.contracts.errors import CallerError
from engine.execution import NotMigrated, migrated
from engine.runtime.clock import Clock
from engine.runtime.published import ExecutorsDiffer, Flows, Published, unfit
from engine.runtime.recorder import Recorded, Recorder
from engine.runtime.rows import Rows
from engine.runtime.runner import Runner, graph_to_text
from engine.runtime.tasks import Registry
from engine.storage import Database, Unit
from engine.storage.flow_versions import FlowVersions
from engine.storage.listing import Listing
from engine.storage.publications import Publications

log = logging.getLogger(__name__)

FLOWS_CHANNEL: Final = "engine.flows"
LOOK_AGAIN: Final = timedelta(seconds=5)
AT_ONCE: Final = 100
Existing = Literal["finish_on_old", "abort", "migrate"]


class CannotMigrate(CallerError):
    """An execution stays in its version. ``problems`` says why, one line each."""

    code = "cannot_migrate"

    def __init__(self, execution: str, problems: tuple[str, ...]) -> None:
        self.execution, self.problems = execution, problems
        super().__init__(f"execution {execution} stays in its version: {'; '.join(problems)}")


class UnknownVersion(UnknownFlow):
    """There is no such version to go back to."""

    code = "unknown_version"

    def __init__(self, flow: str, to: str | None, known: Sequence[str]) -> None:
        self.flow = flow
        wanted = "was live before the live one" if to is None else f"has the digest {to[:12]}"
        stored = ", ".join(digest[:12] for digest in sorted(known)) or "none"
        super(UnknownFlow, self).__init__(f"no version of flow '{flow}' {wanted}: stored digests are {stored}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One stored version of a flow. ``live``: new executions run on it; ``open``: how many stand in it."""

    flow: str
    version: str
    digest: str
    stored_at: datetime
    live: bool
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Which flows have another live version now, and what became of the executions that stood in older ones.

    ``stayed`` says why, by execution.
    """

    published: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    stayed: Mapping[str, str]


class Versions:
    """The versions that are stored, and which of them new executions run on. Shared by every process."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        published: Published,
        registry: Registry,
        runner: Runner,
        recorder: Recorder,
        rows: Rows,
    ) -> None:
        self._database, self._clock, self._published, self._registry = database, clock, published, registry
        self._runner, self._recorder, self._rows = runner, recorder, rows
        self._versions, self._publications, self._listing = FlowVersions(), Publications(), Listing()
        self._changed = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._stop: Callable[[], None] | None = None

    async def open(self) -> None:
        """Publish what is new among the flows that were given, load what is in use, and hear of other publications.

        A version that was published before is not published again: whoever went back to an older one stays there.
        """
        await self._publish(self._published.flows, again=False)
        for digest in await self._database.read(self._rows.executions.live_digests):
            await self._runner.load_with_callees(digest)
        own = {graph.name for graph in self._published.flows.by_digest.values()}
        if problems := sorted(
            {line for flow, lines in (await self.refresh()).items() if flow in own for line in lines}
        ):
            raise ExecutorsDiffer(problems)
        self._stop = await self._database.listen(FLOWS_CHANNEL, self._changed.set)
        self._watch = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Stop listening."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None

    async def refresh(self) -> Mapping[str, tuple[str, ...]]:
        """Have new executions run on what is live now; return why not, by flow, where this process cannot run that.

        Such a flow stays as it is here: a process that is newer, or older, has what this one lacks.
        """
        live = await self._database.read(self._publications.live)
        lacking: dict[str, tuple[str, ...]] = {}
        for flow, digest in live.items():
            graphs = await self._runner.stored_with_callees(digest)
            problems = sorted({line for graph in graphs for line in unfit(graph, self._registry.contracts)})
            if problems:
                lacking[flow] = tuple(problems)
                continue
            for graph in graphs:
                self._published.add(graph)
        self._published.adopt({flow: digest for flow, digest in live.items() if flow not in lacking})
        return lacking

    async def all(self) -> tuple[Version, ...]:
        """Return every stored version, by flow, oldest first."""

        def read(unit: Unit) -> tuple[Version, ...]:
            live, standing = self._publications.live(unit), self._listing.open_by_digest(unit)
            return tuple(
                Version(
                    flow=each.flow,
                    version=each.version,
                    digest=each.digest,
                    stored_at=each.stored_at,
                    live=live.get(each.flow) == each.digest,
                    open=standing.get(each.digest, 0),
                )
                for each in self._versions.all(unit)
            )

        return tuple(sorted(await self._database.read(read), key=lambda each: (each.flow, each.stored_at)))

    async def publish(self, flows: Flows, *, existing: Existing = "finish_on_old") -> Moved:
        """Have new executions run on the latest versions in *flows*, from now on and in every process.

        Those that stand in older versions finish there, end as ``cancelled`` (``abort``), or go on in the new one where
        that says how (``migrate``). ExecutorsDiffer where an executor is missing or was changed.
        """
        installed = self._registry.contracts
        if problems := sorted({line for graph in flows.by_digest.values() for line in unfit(graph, installed)}):
            raise ExecutorsDiffer(problems)
        names = await self._publish(flows, again=True)
        await self.refresh()
        return await self._deal_with_older(names, existing)

    async def roll_back(self, flow: str, *, to: str | None = None, existing: Existing = "finish_on_old") -> Moved:
        """Publish an older version of *flow* again: the digest *to*, or the one that was live before the live one.

        UnknownVersion where there is none, ExecutorsDiffer where an executor that it needs is missing or was changed.
        """
        now = self._clock.now()
        digest = await self._database.read(partial(self._older, flow=flow, to=to))
        needed = await self._runner.stored_with_callees(digest)
        if problems := sorted({line for graph in needed for line in unfit(graph, self._registry.contracts)}):
            raise ExecutorsDiffer(problems)

        def publish(unit: Unit) -> None:
            self._make_live(unit, flow, digest, now)
            unit.notify(FLOWS_CHANNEL)

        await self._runner.run(publish)
        await self.refresh()
        return await self._deal_with_older((flow,), existing)

    def _make_live(self, unit: Unit, flow: str, digest: str, now: datetime) -> None:
        # Where another process published at the same moment, ours is the next one after it, and not lost.
        while not self._publications.put(unit, flow=flow, digest=digest, now=now):
            pass

    def _older(self, unit: Unit, *, flow: str, to: str | None) -> str:
        """Return the digest to go back to; UnknownVersion where there is none."""
        past = [each.digest for each in self._publications.all(unit) if each.flow == flow]
        older = [digest for digest in past if digest != past[-1]]
        known = {each.digest for each in self._versions.all(unit) if each.flow == flow}
        digest = to if to is not None else (older[-1] if older else None)
        if digest is None or digest not in known:
            raise UnknownVersion(flow, to, sorted(known))
        return digest

    async def migrate(self, execution: str) -> None:
        """Have *execution* go on in the live version of its flow; CannotMigrate where that is not possible.

        Its timers, its token's place and what it deferred stay as they are.
        """
        now = self._clock.now()

        def move(unit: Unit) -> Recorded | None:
            held = self._rows.lock(unit, execution)
            new = None if held is None else self._published.latest(held.flow)
            if held is None or new is None or held.status != "waiting":
                raise CannotMigrate(execution, ("there is no such execution, or it does not stand and wait",))
            if held.digest == new.digest:
                return None
            try:
                state = migrated(self._published.need([held.digest, new.digest]), held.state, new)
            except NotMigrated as error:
                raise CannotMigrate(execution, error.problems) from None
            return self._recorder.repin(unit, held, state, new, now)

        await self._runner.run(move)

    async def _deal_with_older(self, names: tuple[str, ...], existing: Existing) -> Moved:
        moved: list[str] = []
        stayed: dict[str, str] = {}
        if existing == "finish_on_old":
            return Moved(published=names, stayed={})
        for name in names:
            live = self._published.latest(name).digest
            for execution, digest in await self._standing(name, live):
                try:
                    await (self.migrate(execution) if existing == "migrate" else self._abort(execution, digest))
                    moved.append(execution)
                except FlowError as error:
                    stayed[execution] = str(error)
        return Moved(published=names, moved=tuple(moved), stayed=stayed)

    async def _standing(self, name: str, live: str) -> list[tuple[str, str]]:
        """Return the open executions of a flow that are not in its live version, with theirs, page by page."""
        found: list[tuple[str, str]] = []
        after = None
        while page := await self._database.read(
            partial(self._listing.page, flow=name, status=None, limit=AT_ONCE, after=after)
        ):
            found += [(row.id, row.digest) for row in page if row.digest != live and row.ended_at is None]
            after = page[-1].key
        return found

    async def _abort(self, execution: str, digest: str) -> None:
        # What is to end may need executors that are gone: its version is loaded all the same.
        await self._runner.load_with_callees(digest)
        await self._runner.perform(
            partial(self._recorder.stop, execution=execution, reason="version withdrawn", now=self._clock.now())
        )

    async def _publish(self, flows: Flows, *, again: bool) -> tuple[str, ...]:
        """Store *flows*; publish the latest of each that is not live, or is new if it is not to be *again*."""
        now = self._clock.now()
        graphs = [(graph, graph_to_text(graph)) for graph in flows.by_digest.values()]
        latest = {name: flows.latest(name) for name in sorted({graph.name for graph, _ in graphs})}

        def publish(unit: Unit) -> tuple[str, ...]:
            for graph, text in graphs:
                self._versions.put(
                    unit, digest=graph.digest, flow=graph.name, version=graph.version, graph=text, now=now
                )
            past = self._publications.all(unit)
            live = {each.flow: each.digest for each in past}
            known = {each.digest for each in past}
            changed = [
                graph
                for name, graph in latest.items()
                if live.get(name) != graph.digest and (again or graph.digest not in known)
            ]
            for graph in changed:
                self._make_live(unit, graph.name, graph.digest, now)
            if changed:
                unit.notify(FLOWS_CHANNEL)
            return tuple(graph.name for graph in changed)

        names = await self._database.run(publish)
        for graph, _ in graphs:
            self._published.add(graph)
        return names

    async def _look(self) -> None:
        """Look now and then what is live: on SQLite another process's publication wakes nobody."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN.total_seconds()):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self.refresh()
            except FlowError as error:
                log.warning("flows_not_refreshed", extra={"error": error.code})
