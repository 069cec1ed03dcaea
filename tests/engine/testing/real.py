"""The tests of flows on a real engine: SQLite, executors that answer as the test says, a clock that is moved."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine import Context, Contract, Deferred, Done, Engine, Fault, InvalidFields, Refused, Transient
from engine.contracts import parse_duration
from engine.language import FlowSet, FlowTest, ScriptStep
from engine.language.relative import moved_fields
from engine.runtime import HistoryEntry
from engine.storage import Database, Unit
from engine.storage.executions import Executions
from engine.testing import FakeClock
from tests.engine.runtime.kit import KEYRING, QUICK

EXECUTION = "simulation"
FAULTS = {"transient": Transient, "refused": Refused, "fault": Fault}


class Told:
    """Answers as a test says; the last answer stays, and a repeated unit gets the answer that it got before."""

    def __init__(self, contract: Contract, answers: list[tuple[str, Mapping[str, Any]]]) -> None:
        self.contract, self._answers = contract, answers
        self._given: dict[tuple[str, int], tuple[str, Mapping[str, Any]]] = {}

    def answer(self, context: Context) -> Done | Deferred:
        place = (context.key, context.attempt)
        if place not in self._given:
            self._given[place] = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        outcome, fields = self._given[place]
        if outcome in self.contract.outcomes:
            return Done(outcome, moved_fields(self.contract.outcomes[outcome], fields, context.now))
        if outcome == "deferred":
            return Deferred(until=context.now + parse_duration(fields.get("for", "1d")))
        raise FAULTS[outcome](fields.get("code", outcome))


class Outside(Told):
    """An external one."""

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        return self.answer(context)


class Inside(Told):
    """A transactional one."""

    def run(self, unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        return self.answer(context)


class Real:
    """One execution of a flow on an engine of its own."""

    def __init__(self, database: Database, flows: FlowSet, test: FlowTest, contracts: tuple[Contract, ...]) -> None:
        self._database, self._executions = database, Executions(KEYRING)
        self.clock = FakeClock()
        executors = [
            (Inside if contract.effect == "transactional" else Outside)(
                contract, list(test.mocks.get(contract.name, ()))
            )
            for contract in contracts
        ]
        self.engine = Engine(
            database=database,
            flows=flows,
            executors=executors,
            on_end={"told": lambda _unit, _ended: None},
            senders={},
            keyring=KEYRING,
            clock=self.clock,
            times=QUICK,
            work=False,
        )

    async def run(
        self, flow: str, inputs: Mapping[str, Any], script: tuple[ScriptStep, ...]
    ) -> tuple[HistoryEntry, ...]:
        """Play *script* and return the history."""
        async with self.engine:
            await self.engine.begin(execution=EXECUTION, flow=flow, inputs=inputs, on_end="told", correlation="c")
            await self._pass_retries()
            for step in script:
                await self._play(step)
            return await self.engine.history(EXECUTION)

    async def _play(self, step: ScriptStep) -> None:
        if step.advance is not None:
            await self._advance(self.clock.now() + step.advance)
        try:
            await self._say(step)
        except InvalidFields:
            assert step.refused is not None
        if step.cancel is not None:
            await self.engine.cancel(EXECUTION, reason=step.cancel)
        if step.answer is not None:
            await self._complete(*step.answer)
        await self._pass_retries()

    async def _say(self, step: ScriptStep) -> None:
        if step.act is not None:
            asked = await self.engine.inspect(EXECUTION)
            assert asked.token is not None, f"expected a prompt, found {asked}"
            await self.engine.submit(EXECUTION, token=asked.token, action=step.act, values=step.values)
        if step.signal is not None:
            token = self.engine.signal_token(EXECUTION, name=step.signal, sender=step.sender or "")
            await self.engine.signal(EXECUTION, name=step.signal, token=token, payload=step.values)

    async def _complete(self, outcome: str, fields: Mapping[str, Any]) -> None:
        now = self.clock.now()

        def complete(unit: Unit) -> bool:
            row = self._executions.find(unit, EXECUTION)
            assert row is not None
            assert row.deferred_key is not None
            return self.engine.complete(unit, key=row.deferred_key, outcome=outcome, fields=fields, now=now)

        assert await self._database.run(complete)
        await self.engine.run_due()

    async def _advance(self, until: datetime) -> None:
        while (at := await self._wake_at()) is not None and at <= until:
            await self._go_to(at)
        await self._go_to(until)

    async def _pass_retries(self) -> None:
        while (await self.engine.inspect(EXECUTION)).status == "working":
            at = await self._wake_at()
            assert at is not None
            await self._go_to(at)

    async def _go_to(self, at: datetime) -> None:
        self.clock.advance(max(at - self.clock.now(), timedelta(0)))
        await self.engine.run_due()

    async def _wake_at(self) -> datetime | None:
        row = await self._database.read(lambda unit: self._executions.find(unit, EXECUTION))
        return None if row is None or row.status == "ended" else row.wake_at
