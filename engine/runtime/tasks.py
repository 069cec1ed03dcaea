"""Running one task and understanding its answer; what is stored of it is the recorder's affair."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from engine.contracts import (
    Answer,
    Commit,
    Context,
    Contract,
    Deferred,
    Done,
    ExecutorFault,
    Fault,
    Message,
    TransientError,
    check_fields,
)
from engine.execution import Failed, Promised, RunTask, Succeeded, pack
from engine.runtime.answer_size import is_too_long
from engine.runtime.bounded import bounded
from engine.runtime.ports import Executor, ExternalExecutor, TransactionalExecutor
from engine.storage import Unit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a task: the result for the transition, and what is to be sent with it."""

    result: Succeeded | Failed | Promised
    send: tuple[Message, ...] = ()


class Registry:
    """The executors by name."""

    def __init__(self, executors: Sequence[Executor], senders: Sequence[str]) -> None:
        self._executors = {executor.contract.name: executor for executor in executors}
        self._senders = frozenset(senders)

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """Return what is installed."""
        return {name: executor.contract for name, executor in self._executors.items()}

    def find(self, name: str) -> Executor | None:
        """Return the executor, or None where it is not installed."""
        return self._executors.get(name)

    def runs_inside(self, name: str) -> bool:
        """Return whether a task of this executor belongs into the recording transaction; a missing one does too."""
        executor = self._executors.get(name)
        return executor is None or executor.contract.effect == "transactional"

    def run_inside(self, unit: Unit, run: RunTask, context: Context, inputs: Mapping[str, Any]) -> Came:
        """Run a transactional task in a savepoint."""
        executor = self.find(run.executor)
        if executor is None or not _is_transactional(executor):
            return Came(result=Failed(kind="fault", code="executor_missing"))
        return self.inside(unit, executor.contract, lambda: executor.run(unit, context, inputs))

    def take(self, unit: Unit, run: RunTask, answer: Answer | Failed) -> Came:
        """Return what the answer of an external task means, with what it left for the recording transaction done."""
        if isinstance(answer, Failed):
            return Came(result=answer)
        executor = self.find(run.executor)
        if executor is None:
            return Came(result=Failed(kind="fault", code="executor_missing"))
        if isinstance(answer, Commit):
            return self.inside(unit, executor.contract, lambda: answer.act(unit))
        return self.inside(unit, executor.contract, lambda: answer, effects=False)

    def inside(self, unit: Unit, contract: Contract, work: Callable[[], Answer], *, effects: bool = True) -> Came:
        """Do *work*, in a savepoint where it has *effects*.

        Its own error undoes it and becomes a fault, as does an answer that the contract does not allow; an error of
        the database passes through.
        """
        try:
            with unit.savepoint() if effects else nullcontext():
                return self.understand(contract, work())
        except TransientError:
            raise
        except ExecutorFault as error:
            return Came(result=Failed(kind=error.kind, code=error.reason))
        except Exception as error:  # noqa: BLE001 - an executor is foreign code: whatever it raises is its fault
            unit.after_commit(_alarm(contract.name, error))
            return Came(result=Failed(kind="fault", code="executor_failed"))

    def understand(self, contract: Contract, answer: Answer) -> Came:
        """Return what *answer* means; Fault where the contract does not allow it."""
        match answer:
            case Done(outcome=outcome, fields=fields, send=send):
                declared = contract.outcomes.get(outcome)
                if declared is None or check_fields(declared, fields):
                    raise Fault("contract_broken", f"'{contract.name}' does not declare this answer '{outcome}'")
                if is_too_long(fields):
                    raise Fault("answer_too_long", f"'{contract.name}' answers with more than the state may hold")
                result: Succeeded | Promised = Succeeded(outcome=outcome, fields=fields)
            case Deferred(until=until, send=send) if contract.defers and _is_moment(until):
                result = Promised(until=until)
            case _:
                raise Fault("contract_broken", f"'{contract.name}' does not declare that it answers in this way")
        if strange := [message.sender for message in send if message.sender not in self._senders]:
            raise Fault("unknown_sender", f"no sender is called {', '.join(strange)}")
        if not all(_can_be_kept(message, contract) for message in send):
            raise Fault("contract_broken", f"'{contract.name}' sends what cannot be stored, or names no outcome of it")
        return Came(result=result, send=send)

    async def act(
        self, run: RunTask, context: Context, inputs: Mapping[str, Any], longest: timedelta
    ) -> Answer | Failed:
        """Run an external task outside any transaction and return its answer; nothing that it raises leaves here."""
        executor = self.find(run.executor)
        if executor is None or _is_transactional(executor):
            return Failed(kind="fault", code="executor_missing")
        try:
            return await bounded(_external(executor).run(context, inputs), longest)
        except ExecutorFault as error:
            return Failed(kind=error.kind, code=error.reason)
        except TimeoutError:
            return Failed(kind="transient", code="timeout")
        except TransientError as error:
            return Failed(kind="transient", code=error.code)
        except Exception as error:  # noqa: BLE001 - an executor is foreign code: whatever it raises is its fault
            _alarm(run.executor, error)()
            return Failed(kind="fault", code="executor_failed")


def context_of(
    run: RunTask, *, execution: str, correlation: str, flow: str, digest: str, now: datetime, locale: str
) -> Context:
    """Return what the executor is told of where it runs."""
    return Context(
        key=run.key,
        execution=execution,
        correlation=correlation,
        flow=flow,
        digest=digest,
        node=run.node,
        visit=run.visit,
        attempt=run.attempt,
        now=now,
        locale=locale,
    )


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _can_be_kept(message: Message, contract: Contract) -> bool:
    """Return whether the outbox can store *message* and later complete its node with it."""
    if is_too_long(message.payload):
        return False
    json.dumps(pack(message.payload))  # raises where it cannot be kept: a fault of the executor like any other
    if message.give_up_at is not None and not _is_moment(message.give_up_at):
        return False
    if message.undeliverable is not None and message.undeliverable not in contract.outcomes:
        return False
    declared = {} if message.delivered is None else contract.outcomes.get(message.delivered)
    return declared is not None and not check_fields(declared, message.delivered_fields)


def _is_transactional(executor: Executor) -> TypeGuard[TransactionalExecutor]:
    return executor.contract.effect == "transactional"


def _external(executor: Executor) -> ExternalExecutor:
    return executor  # type: ignore[return-value] # the contract's effect is what tells the two apart


def _alarm(executor: str, error: Exception) -> Callable[[], None]:
    # The message of a foreign error may hold what it was given: only its class and place are logged.
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
    facts = {"executor": executor, "error": type(error).__name__, "place": place}
    return lambda: log.error("executor_failed", extra=facts)
