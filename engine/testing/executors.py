"""Executors that answer what a test tells them."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.contracts import Answer, Context, Contract, Deferred, Done, ExecutorFault
from engine.storage import Unit

Planned = Answer | ExecutorFault


class AnswersUsedUp(AssertionError):
    """A fake was asked more often than it was told what to answer."""


class _Plan:
    """Answers in order; the last one stays."""

    def __init__(self, contract: Contract, answers: Sequence[Planned]) -> None:
        self._contract, self._answers = contract, list(answers)
        self._given: dict[tuple[str, int], Planned] = {}
        self.asked: list[tuple[Context, Mapping[str, Any]]] = []

    def answer(self, context: Context, inputs: Mapping[str, Any]) -> Answer:
        self.asked.append((context, dict(inputs)))
        # A repetition of one try (a take-up, a repeated unit) gets the answer that it got before.
        place = (context.key, context.attempt)
        if place not in self._given:
            if not self._answers:
                raise AnswersUsedUp(f"'{self._contract.name}' was asked at '{context.node}' and has no answer left")
            self._given[place] = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        planned = self._given[place]
        if isinstance(planned, ExecutorFault):
            raise planned
        return planned


class FakeExecutor:
    """An external executor that answers as planned, one answer a task; the last one stays.

    ``asked`` holds the context and the inputs of every call.
    """

    def __init__(self, contract: Contract, *answers: Planned) -> None:
        self.contract = contract
        self._plan = _Plan(contract, answers)

    @property
    def asked(self) -> Sequence[tuple[Context, Mapping[str, Any]]]:
        """Return every call so far."""
        return self._plan.asked

    async def run(self, context: Context, inputs: Mapping[str, Any]) -> Answer:
        """Answer as planned."""
        return self._plan.answer(context, inputs)


class FakeTransactionalExecutor:
    """The same for a transactional executor. With ``repeat=True`` a call may be seen twice."""

    def __init__(self, contract: Contract, *answers: Planned) -> None:
        self.contract = contract
        self._plan = _Plan(contract, answers)

    @property
    def asked(self) -> Sequence[tuple[Context, Mapping[str, Any]]]:
        """Return every call so far."""
        return self._plan.asked

    def run(self, _unit: Unit, context: Context, inputs: Mapping[str, Any]) -> Done | Deferred:
        """Answer as planned."""
        answer = self._plan.answer(context, inputs)
        if not isinstance(answer, Done | Deferred):
            raise TypeError(f"a transactional executor answers Done or Deferred, not {type(answer).__name__}")
        return answer
