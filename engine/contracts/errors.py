"""Every error that the engine gives to somebody, grouped by who can do something about it.

Each has a stable ``code``; its message says what was expected, what was found and what to do, and never holds a
value that a person or an executor supplied as a secret.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar


class FlowError(Exception):
    """Anything that the engine refuses. ``code`` is stable and may be matched on; the message may change."""

    code: ClassVar[str] = "flow_error"


# whose turn it is


class AuthorError(FlowError):
    """The author of a flow has to change the flow."""

    code: ClassVar[str] = "author_error"


class CallerError(FlowError):
    """The caller of the engine asked for something that cannot be had; asking again the same way will not help."""

    code: ClassVar[str] = "caller_error"


class OperatorError(FlowError):
    """The deployment is wired or configured wrongly."""

    code: ClassVar[str] = "operator_error"


class TransientError(FlowError):
    """The world was not ready; the same call may succeed later."""

    code: ClassVar[str] = "transient_error"


# what an executor raises


class ExecutorFault(FlowError):
    """What a task may raise instead of answering with one of its outcomes.

    A flow names the class (``kind``) or the ``reason`` in ``retry.errors`` and ``catch``. The message is for
    operators; it must hold no secret.
    """

    code: ClassVar[str] = "executor_fault"
    kind: ClassVar[str] = "fault"

    def __init__(self, reason: str, message: str = "") -> None:
        self.reason = reason
        self.message = message
        super().__init__(reason, message)

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}" if self.message else self.reason


class Transient(ExecutorFault):
    """The other side is away or busy: the same task may succeed when it is tried again."""

    code: ClassVar[str] = "transient"
    kind: ClassVar[str] = "transient"


class Refused(ExecutorFault):
    """The other side said no to this request; trying again will not change its mind."""

    code: ClassVar[str] = "refused"
    kind: ClassVar[str] = "refused"


class Fault(ExecutorFault):
    """The executor itself is broken or met something that it does not know."""

    code: ClassVar[str] = "fault"
    kind: ClassVar[str] = "fault"


# what a caller meets


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One thing that is wrong with one value.

    ``field`` is the path to it (``granted[1]``), ``code`` is stable (``required``, ``unknown``, ``type``, ``min``,
    ``max``, ``pattern``, ``choice``), ``params`` are what a text in the catalogue may name. The offending value is
    in none of them, so that the problem can be shown and logged.
    """

    field: str
    code: str
    message: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))


def describe_problems(problems: Sequence[FieldProblem]) -> str:
    """Return *problems* as one line."""
    return "; ".join(f"{problem.field or 'value'}: {problem.message}" for problem in problems)


class UnknownExecution(CallerError):
    """No execution has this id, or it is not for this caller."""

    code: ClassVar[str] = "unknown_execution"

    def __init__(self, execution: str = "") -> None:
        self.execution = execution
        super().__init__("no execution has this id: use the id that starting the flow returned")


class StepConflict(CallerError):
    """The step has moved on, or another answer came first (409). ``step`` is the current one."""

    code: ClassVar[str] = "step_conflict"

    def __init__(self, step: Any) -> None:
        self.step = step
        super().__init__("another answer to this step was accepted first: show the current step and ask again")


class StepGone(CallerError):
    """The execution is over (410). ``step`` tells how it ended."""

    code: ClassVar[str] = "step_gone"

    def __init__(self, step: Any) -> None:
        self.step = step
        super().__init__("this execution has ended: nothing can be submitted to it any more")


class StepOfAnother(CallerError):
    """The step asks a person (``by``), or whoever started the execution, and that is not who answers (403)."""

    code: ClassVar[str] = "step_of_another"

    def __init__(self) -> None:
        super().__init__("this step asks somebody else: show what they can do whom it asks")


class InvalidFields(CallerError):
    """The values do not fit the fields (422). The step stays, and so does its token."""

    code: ClassVar[str] = "invalid_fields"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(describe_problems(self.problems))


class UnknownFlow(CallerError):
    """No flow of this name, or of this digest, is loaded."""

    code: ClassVar[str] = "unknown_flow"

    def __init__(self, flow: str, known: Sequence[str] = ()) -> None:
        self.flow = flow
        listed = ", ".join(sorted(known)) or "none"
        super().__init__(f"there is no flow '{flow}'; loaded flows: {listed}")


class UnknownOnEnd(CallerError):
    """An execution was to be started with an ``on_end`` that the runtime was not given."""

    code: ClassVar[str] = "unknown_on_end"

    def __init__(self, name: str, known: Sequence[str] = ()) -> None:
        self.name = name
        listed = ", ".join(sorted(known)) or "none"
        super().__init__(f"there is no on_end '{name}'; the runtime was given: {listed}")


class InputsInvalid(CallerError):
    """The inputs given do not fit what the flow declares."""

    code: ClassVar[str] = "inputs_invalid"

    def __init__(self, flow: str, problems: Sequence[FieldProblem]) -> None:
        self.flow = flow
        self.problems = tuple(problems)
        super().__init__(f"the inputs do not fit flow '{flow}': {describe_problems(self.problems)}")


# what the author of a declaration meets


class DeclarationInvalid(AuthorError):
    """A type or an option of a declaration cannot be understood.

    ``path`` leads to the part that is wrong; ``at_key`` says that the last key of it is, not its value.
    """

    code: ClassVar[str] = "declaration_invalid"

    def __init__(self, message: str, *, path: tuple[str | int, ...] = (), hint: str = "", at_key: bool = False) -> None:
        self.message, self.path, self.hint, self.at_key = message, path, hint, at_key
        super().__init__(message)
