"""What goes wrong, as RFC 9457 problems: one table from the engine's errors to statuses, and stable codes."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from engine.contracts import (
    FieldProblem,
    FlowError,
    InputsInvalid,
    InvalidFields,
    StepConflict,
    StepGone,
    StepOfAnother,
    TransientError,
    UnknownExecution,
    UnknownFlow,
)
from engine.http.models import step_json
from engine.runtime.repeating import KeyReused

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = "2"
_TITLES: Final[Mapping[int, str]] = {
    400: "The request cannot be read",
    401: "A token is needed",
    403: "The token does not allow this",
    404: "There is no such thing",
    405: "The address does not know this method",
    409: "Something else was first",
    410: "It is over",
    413: "The body is too long",
    415: "The body is of another type",
    422: "The values do not fit",
    500: "The server made a mistake",
    503: "The server is busy",
}


class Problem(Exception):
    """An answer that is not what was asked for. ``code`` is stable; the text may change."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.members = dict(headers or {}), members
        super().__init__(code)

    def response(self) -> Response:
        """Return it as it is sent."""
        told = {
            "type": f"urn:lockhouse:problem:{self.code}",
            "title": _TITLES[self.status],
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.members,
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(json.dumps(told).encode(), self.status, headers=headers, media_type=MEDIA_TYPE)


def problem_of(error: FlowError, *, person: str | None = None) -> Problem:
    """Return what a caller is told of *error*; what is an operator's affair is told to the log alone.

    *person* is who asks; None is whoever started the execution.
    """
    match error:
        case InvalidFields() | InputsInvalid():
            problem = Problem(422, error.code, "correct what is named", errors=_errors(error.problems))
        case StepConflict():
            problem = Problem(409, error.code, str(error), step=step_json(error.step, person=person))
        case StepGone():
            step = step_json(error.step, person=person)
            problem = Problem(410, error.code, str(error), outcome=step["outcome"], step=step)
        case StepOfAnother():
            problem = Problem(403, error.code, str(error))
        case UnknownExecution():
            problem = no_execution()
        case UnknownFlow():
            problem = no_flow()
        case KeyReused():
            problem = Problem(409, error.code, str(error))
        case TransientError():
            headers = {"Retry-After": RETRY_AFTER}
            problem = Problem(503, "temporarily_unavailable", "try again in a moment", headers=headers)
        case _:
            problem = Problem(500, "server_error", "the server's log says what went wrong")
    return problem


def no_execution() -> Problem:
    """Return what is said of an execution that is not there, or not for the bearer of this token: the same words."""
    return Problem(404, UnknownExecution.code, "no execution of this id belongs to this token")


def no_flow() -> Problem:
    """Return what is said of a flow that is not there, or not exposed."""
    return Problem(404, UnknownFlow.code, "no flow of this name can be started here")


def _errors(problems: tuple[FieldProblem, ...]) -> list[dict[str, Any]]:
    return [
        {"field": each.field, "code": each.code, "message": each.message, "params": dict(each.params)}
        for each in problems
    ]
