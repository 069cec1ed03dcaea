"""When both clients repeat, wait and give up: decisions only, taken once. Who sleeps and who sends is theirs."""

import json
from dataclasses import dataclass
from typing import Final

from lockhouse.flow_client import wire
from lockhouse.flow_client.errors import AnswerLost, FlowApiError
from lockhouse.flow_client.models import Execution, Step
from lockhouse.flow_client.wire import Call

_WORTH_REPEATING: Final = frozenset({502, 503, 504})
_EVENTS: Final = "text/event-stream"


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


class Tries:
    """The tries of one call. Each may be repeated as it is: that changes nothing more."""

    def __init__(self, patience: Patience) -> None:
        self._patience, self._tried = patience, 0

    def after_loss(self, error: Exception) -> float:
        """Return how long to wait after no answer came; AnswerLost where that was the last try."""
        self._tried += 1
        pause = self._patience.pause(self._tried)
        if pause is None:
            raise AnswerLost(f"no answer after {self._tried} tries: {type(error).__name__}") from error
        return pause

    def after_answer(self, status: int, retry_after: str | None) -> float | None:
        """Return how long to wait where the same call may fare better a moment later; None: read the answer."""
        self._tried += 1
        return self._patience.pause(self._tried, retry_after) if status in _WORTH_REPEATING else None

    def begin_again(self) -> None:
        """Count from the first try: something was heard."""
        self._tried = 0


class Watch:
    """Waiting for the next step that asks for something, until the time *end*."""

    def __init__(self, execution: Execution, *, end: float, patience: Patience) -> None:
        self._execution, self._end, self._patience = execution, end, patience

    def call(self, now: float) -> Call:
        """Return the next question, held back for the time that is left."""
        return wire.show(self._execution, hold=min(int(max(self._end - now, 0.0)), wire.LONGEST_HOLD))

    def pause(self, step: Step, now: float) -> float | None:
        """Return how long to wait before the next question; None where *step* is what was waited for."""
        if step.status in {"prompt", "ended"} or now >= self._end:
            return None
        return min(self._patience.first_pause, self._end - now)


class Following:
    """A stream of events, taken up again where it broke."""

    def __init__(self, execution: Execution, patience: Patience) -> None:
        self._execution, self._pause, self._tries = execution, patience.first_pause, Tries(patience)
        self._last: str | None = None
        self._name, self._data = "", ""

    def call(self) -> Call:
        """Return the question for what comes after the last event."""
        self._name, self._data = "", ""  # half an event of a stream that broke comes again
        return wire.events(self._execution, self._last)

    def is_stream(self, status: int, media_type: str) -> bool:
        """Return whether lines follow; False where the answer is to be read as any other."""
        return status == 200 and media_type.partition(";")[0].strip().lower() == _EVENTS

    def refuse(self, status: int, content: bytes) -> FlowApiError:
        """Return the error of an answer that is no stream."""
        try:
            wire.read(status, content)
        except FlowApiError as error:
            return error
        return wire.not_ours(status)

    def take(self, line: str) -> Step | None:
        """Return the step that *line* completes, if it completes one."""
        if line.startswith("id:"):
            self._name = line[3:].strip()
        elif line.startswith("data:"):
            self._data += line[5:].strip()
        elif not line and self._data:
            self._last, data, self._data = self._name, self._data, ""
            self._tries.begin_again()
            return _step(data)
        return None

    def after_end(self) -> float:
        """Return how long to wait after a stream that the server ended, as it does with long ones."""
        self._tries.begin_again()
        return self._pause

    def after_loss(self, error: Exception) -> float:
        """Return how long to wait after a stream that broke; AnswerLost where that was once too often."""
        return self._tries.after_loss(error)

    def after_refusal(self, error: FlowApiError) -> float:
        """Return how long to wait where the server is busy; raise *error* where that does not help."""
        if error.status not in _WORTH_REPEATING:
            raise error
        return self._tries.after_loss(error)


def _step(data: str) -> Step:
    try:
        told = json.loads(data)
    except ValueError:
        raise wire.not_ours(200) from None
    return wire.read_step_of(told)
