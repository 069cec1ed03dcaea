"""What a call may come to instead of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lockhouse.flow_client.models import Step, read_step


class FlowApiError(Exception):
    """The API refused. ``code`` is stable; ``status`` is HTTP's."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(f"{status} {code}: {detail}")


class NotAllowed(FlowApiError):
    """The token is missing, wrong, or not enough (401, 403)."""


class NotFound(FlowApiError):
    """There is no such flow, or no such execution for this token (404)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one value."""

    field: str
    code: str
    message: str


class FieldsInvalid(FlowApiError):
    """Values do not fit (422): ``errors`` names each. The step stays and can be answered again."""

    def __init__(self, status: int, code: str, detail: str, errors: tuple[FieldError, ...]) -> None:
        self.errors = errors
        super().__init__(status, code, detail)


class StepTaken(FlowApiError):
    """Another answer came first (409): ``step`` is where the execution stands now, where it is told."""

    def __init__(self, status: int, code: str, detail: str, step: Step | None) -> None:
        self.step = step
        super().__init__(status, code, detail)


class StepGone(FlowApiError):
    """The execution is over (410): ``outcome`` says how it ended, where it is told."""

    def __init__(self, status: int, code: str, detail: str, outcome: str | None) -> None:
        self.outcome = outcome
        super().__init__(status, code, detail)


class AnswerLost(Exception):
    """No answer came, however often the call was repeated: nobody knows whether it was heard."""


def error_of(status: int, told: Mapping[str, Any]) -> FlowApiError:
    """Return the error that a problem describes (RFC 9457)."""
    base = (status, str(told.get("code", "")), str(told.get("detail", "")))
    match status:
        case 401 | 403:
            return NotAllowed(*base)
        case 404:
            return NotFound(*base)
        case 409:
            step = told.get("step")
            return StepTaken(*base, None if step is None else read_step(step))
        case 410:
            return StepGone(*base, told.get("outcome"))
        case 422:
            errors = told.get("errors", ())
            return FieldsInvalid(
                *base,
                tuple(FieldError(field=each["field"], code=each["code"], message=each["message"]) for each in errors),
            )
        case _:
            return FlowApiError(*base)
