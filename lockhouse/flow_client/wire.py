"""Calls and answers without a network: what both clients send, how they read, and when they repeat."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from lockhouse.flow_client.errors import error_of
from lockhouse.flow_client.models import Execution, Step, read_step

LONGEST_HOLD: Final = 25
_WORTH_REPEATING: Final = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. Each may be repeated as it is: that changes nothing more."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call is repeated whose answer was lost, and how long one waits between: in seconds."""

    tries: int = 4
    first_pause: float = 0.2
    longest_pause: float = 5.0

    def pause(self, tried: int, retry_after: str | None = None) -> float | None:
        """Return how long to wait after the try number *tried*, None where that was the last."""
        if tried >= self.tries:
            return None
        grown = self.first_pause * (1 << (tried - 1))
        asked = float(retry_after) if retry_after is not None and retry_after.isdecimal() else 0.0
        return min(max(grown, asked), self.longest_pause)


def start(flow: str, inputs: Mapping[str, Any], *, locale: str, key: str | None) -> Call:
    """Return the start of a flow, under *key* or one of its own."""
    return _post(
        f"/flows/{_part(flow)}/executions",
        {"inputs": dict(inputs), "locale": locale},
        {"Idempotency-Key": key or str(uuid.uuid4())},
    )


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


def is_worth_repeating(status: int) -> bool:
    """Return whether the same call may fare better a moment later."""
    return status in _WORTH_REPEATING


def read(status: int, content: bytes) -> Any:
    """Return what an answer tells; raise the error that it is."""
    try:
        told = json.loads(content) if content else {}
    except ValueError:
        told = {"detail": "the answer is not JSON: is this the address of the API?"}
    if status >= 400 or not isinstance(told, dict):
        raise error_of(status, told if isinstance(told, dict) else {})
    return told


def read_start(told: Mapping[str, Any]) -> Execution:
    """Return the execution that a start tells of."""
    step = read_step(told["step"])
    return Execution(id=step.execution, capability=told["capability"], step=step)


class EventReader:
    """Puts lines of a stream of events together to steps."""

    def __init__(self) -> None:
        self.last: str | None = None
        self._name, self._data = "", ""

    def take(self, line: str) -> Step | None:
        """Return the step that *line* completes, if it completes one."""
        if line.startswith("id:"):
            self._name = line[3:].strip()
        elif line.startswith("data:"):
            self._data += line[5:].strip()
        elif not line and self._data:
            self.last, data, self._data = self._name, self._data, ""
            return read_step(json.loads(data))
        return None


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
