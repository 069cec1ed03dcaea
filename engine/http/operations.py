"""One operation of an API, as it is served and as it is described: routes and document are made from one list."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

M = TypeVar("M", bound=BaseModel)
Security = Literal["nobody", "capability", "participant", "signal", "operator"]


class Nothing(BaseModel):
    """No body, or no parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request after everything about it was checked. ``bearer`` is the token that came with it."""

    request: Request
    path: Mapping[str, str]
    body: Any
    query: Any
    bearer: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One way to answer: what it means, and the model of its body."""

    about: str
    model: type[BaseModel] | None = None
    media_type: str = "application/json"
    schema: Mapping[str, Any] | None = None
    # What may follow: operations by id, with where their parameters stand in this answer's body.
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[M]):
    """One method of one address. *problems* are the statuses that it may answer with besides those of its kind."""

    id: str
    method: Literal["GET", "POST", "DELETE"]
    path: str
    about: str
    handler: Callable[[Call], Awaitable[Response]]
    answers: Mapping[int, Answer]
    security: Security
    scope: str = ""
    # Asked with the token before anything else of the request is read; raises the problem that it is.
    allow: Callable[[str], Awaitable[None]] | None = None
    body: type[BaseModel] = Nothing
    # In bytes, where the deployment's limit is smaller: for what is longer by its nature.
    body_at_least: int = 0
    query: type[BaseModel] = Nothing
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    # What is narrower in this deployment than the model says: the inputs of one flow.
    body_schema: Mapping[str, Any] | None = None
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes_body(self) -> bool:
        """Return whether a body is read."""
        return self.body is not Nothing


PATH_PATTERNS: Final[Mapping[str, str]] = {
    "execution": r"^[A-Za-z0-9_-]{1,64}$",
    "flow": r"^[a-z][a-z0-9_]{0,63}$",
    "token": r"^[A-Za-z0-9_-]{1,64}$",
    "name": r"^[a-z][a-z0-9_]{0,63}$",
    "message": r"^[A-Za-z0-9_.-]{1,128}$",
}
