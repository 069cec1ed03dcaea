"""Calls and answers without a network: what both clients send, and how they read."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from lockhouse.flow_client.errors import FlowApiError, error_of
from lockhouse.flow_client.models import Execution, Step, read_step

LONGEST_HOLD: Final = 25
# What reading something else's JSON as ours comes to.
_MISREAD: Final = (KeyError, TypeError, ValueError, AttributeError)
_NOT_JSON: Final = "this is no answer of the flow API: is this its address?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. Each may be repeated as it is: that changes nothing more."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


def start(flow: str, inputs: Mapping[str, Any], *, locale: str, key: str | None) -> Call:
    """Return the start of a flow, under *key* or one of its own."""
    return _post(
        f"/flows/{_part(flow)}/executions",
        {"inputs": dict(inputs), "locale": locale},
        {"Idempotency-Key": key or str(uuid.uuid4())},
    )


def show_to(execution: str, token: str) -> Call:
    """Return the question where *execution* stands, by whoever holds *token*."""
    return Call(method="GET", path=f"/executions/{_part(execution)}", headers=_bearer(token))


def show(execution: Execution, *, hold: int = 0) -> Call:
    """Return the question where *execution* stands, held back for *hold* seconds while there is nothing to do."""
    prefer = {"Prefer": f"wait={hold}"} if hold else {}
    return Call(method="GET", path=_path(execution), headers={**_bearer(execution.capability), **prefer})


def submit(execution: Execution, step: Step, action: str, values: Mapping[str, Any]) -> Call:
    """Return the answer to *step*."""
    if step.token is None:
        raise ValueError(f"this step is '{step.status}': only a prompt can be answered")
    body = {"action": action, "values": dict(values)}
    return _post(f"{_path(execution)}/steps/{_part(step.token)}", body, _bearer(execution.capability))


def cancel(execution: Execution, reason: str) -> Call:
    """Return the end of an execution."""
    return _post(f"{_path(execution)}/cancel", {"reason": reason}, _bearer(execution.capability))


def signal(execution: str, name: str, payload: Mapping[str, Any], *, token: str, key: str | None) -> Call:
    """Return a signal, under *key* or one of its own."""
    headers = {**_bearer(token), "Idempotency-Key": key or str(uuid.uuid4())}
    return _post(f"/executions/{_part(execution)}/signals/{_part(name)}", {"payload": dict(payload)}, headers)


def events(execution: Execution, last: str | None) -> Call:
    """Return the question for a stream, from the event *last* on."""
    seen = {} if last is None else {"Last-Event-ID": last}
    return Call(method="GET", path=f"{_path(execution)}/events", headers={**_bearer(execution.capability), **seen})


def read(status: int, content: bytes) -> Any:
    """Return what an answer tells; raise the error that it is. Only 200 to 299, with JSON or nothing, is none."""
    told = _object(content)
    if 200 <= status < 300 and told is not None:
        return told
    if status < 400:
        raise not_ours(status)
    try:
        error = error_of(status, told or {"detail": _NOT_JSON})
    except _MISREAD:
        error = not_ours(status)
    raise error


def read_step_of(told: Mapping[str, Any]) -> Step:
    """Return the step that an answer tells of; FlowApiError where it tells of none."""
    try:
        return read_step(told)
    except _MISREAD:
        raise not_ours(200) from None


def read_start(told: Mapping[str, Any]) -> Execution:
    """Return the execution that a start tells of; FlowApiError where it tells of none."""
    step, capability = told.get("step"), told.get("capability")
    if not isinstance(step, Mapping) or not isinstance(capability, str):
        raise not_ours(201)
    first = read_step_of(step)
    return Execution(id=first.execution, capability=capability, step=first)


def read_part(told: Mapping[str, Any], token: str) -> Execution:
    """Return the execution that an answer tells of, as the bearer of *token* has it."""
    step = read_step_of(told)
    return Execution(id=step.execution, capability=token, step=step)


def not_ours(status: int) -> FlowApiError:
    """Return the error for an answer that this API never gives."""
    return FlowApiError(status, "not_the_api", _NOT_JSON)


def _object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object in *content*, an empty one for nothing; None for anything else."""
    try:
        told = json.loads(content) if content else {}
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _post(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Call:
    return Call(
        method="POST",
        path=path,
        headers={**headers, "Content-Type": "application/json"},
        body=json.dumps(body).encode(),
    )


def _path(execution: Execution) -> str:
    return f"/executions/{_part(execution.id)}"


def _part(text: str) -> str:
    return quote(text, safe="")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
