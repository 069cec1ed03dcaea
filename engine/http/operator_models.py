"""What crosses the wire between an operator's programs and the engine."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.http.models import Name
from engine.http.person_tokens import LONGEST_ID

_CLOSED = ConfigDict(extra="forbid", frozen=True)
# In characters; each may take six bytes in JSON.
MOST_FLOW_TEXT = 40_000
FileName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$")]
Existing = Literal["finish_on_old", "abort", "migrate"]
Status = Literal["ready", "running", "waiting", "ending", "ended", "broken"]


class CheckFlow(BaseModel):
    """The text of a flow, to be checked against the executors that are installed here."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: Annotated[str, Field(max_length=MOST_FLOW_TEXT)]
    file: FileName = "flow.yaml"


class FlowFile(BaseModel):
    """The text of one flow; *file* is how diagnostics name it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: Annotated[str, Field(max_length=MOST_FLOW_TEXT)]
    file: FileName


class PublishFlows(BaseModel):
    """Flows to publish together, with all that they call; *existing*: what becomes of executions in older versions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    files: Annotated[list[FlowFile], Field(min_length=1, max_length=32)]
    existing: Existing = "finish_on_old"


class RollBack(BaseModel):
    """Goes back to the version with the digest *to*, or to the one that was live before the live one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    to: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    existing: Existing = "finish_on_old"


class GivePersonToken(BaseModel):
    """Asks for a token for the person with the id *person*, good for so many *seconds*."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    person: Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=r"^[!-~]+$")]
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 900


class PersonTokenBody(BaseModel):
    """A token for a person; it is told this once."""

    token: str
    expires_at: datetime


class TakenBackBody(BaseModel):
    """How many tokens are worthless now."""

    taken_back: int


class CancelExecution(BaseModel):
    """Ends an execution."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reason: Name = "operator"


class ExecutionQuery(BaseModel):
    """Which executions to list; *after* is what the page before named as ``next``."""

    model_config = _CLOSED

    flow: Name | None = None
    status: Status | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    after: Annotated[str, Field(pattern=r"^[0-9]{1,18}\.[A-Za-z0-9_-]{1,64}$")] | None = None


class LetterQuery(BaseModel):
    """How many to list."""

    model_config = _CLOSED

    limit: Annotated[int, Field(ge=1, le=500)] = 50


class VersionBody(BaseModel):
    """One stored version of a flow; *live* is the one that new executions use, *open* counts those that stand in it."""

    flow: str
    version: str
    digest: str
    stored_at: datetime
    live: bool
    open: int


class VersionsBody(BaseModel):
    """Every version of every flow."""

    items: list[VersionBody]


class PublishedBody(BaseModel):
    """Flows whose live version is another now; how many executions were ended or moved; why others stayed, by id."""

    published: list[str]
    moved: int
    stayed: dict[str, str]


class CheckBody(BaseModel):
    """What the compiler says."""

    ok: bool
    diagnostics: list[dict[str, Any]]


class ExecutionBody(BaseModel):
    """One execution, without what stands in it."""

    id: str
    flow: str
    digest: str
    status: Status
    revision: int
    correlation: str
    wake_at: datetime | None
    end_failure: str | None
    started_at: datetime
    ended_at: datetime | None


class ExecutionsBody(BaseModel):
    """One page, newest first; *next* is null on the last."""

    items: list[ExecutionBody]
    next: str | None


class HistoryLine(BaseModel):
    """One thing that happened; secrets are masked."""

    revision: int
    at: datetime
    kind: str
    node: str
    facts: dict[str, Any]


class ExecutionDetailBody(BaseModel):
    """One execution and what happened to it, as far as it is kept."""

    execution: ExecutionBody
    history: list[HistoryLine]


class LetterBody(BaseModel):
    """One message that was given up. What it says is never told."""

    id: str
    execution: str
    sender: str
    status: str
    attempts: int
    last_error: str | None
    created_at: datetime
    done_at: datetime | None


class LettersBody(BaseModel):
    """Dead letters, those that were given up first at the top."""

    items: list[LetterBody]


class DoneBody(BaseModel):
    """What became of it."""

    id: str
    status: str


__all__ = [
    "MOST_FLOW_TEXT",
    "CancelExecution",
    "CheckBody",
    "CheckFlow",
    "DoneBody",
    "ExecutionBody",
    "ExecutionDetailBody",
    "ExecutionQuery",
    "ExecutionsBody",
    "FlowFile",
    "GivePersonToken",
    "HistoryLine",
    "LetterBody",
    "LetterQuery",
    "LettersBody",
    "PersonTokenBody",
    "PublishFlows",
    "PublishedBody",
    "RollBack",
    "TakenBackBody",
    "VersionBody",
    "VersionsBody",
]
