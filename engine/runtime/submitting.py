"""One submitted answer inside its transaction: repetitions, conflicts, lateness, bad fields, or an accepted event."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.contracts import UnknownExecution
from engine.execution import Phase, Refuse, State, Submitted, TimerFired, position, read_answer, scope_of
from engine.language import PromptNode
from engine.runtime.published import Published
from engine.runtime.recorder import Recorded, Recorder
from engine.runtime.rendering import asked_person
from engine.runtime.rows import Held, Rows
from engine.runtime.secrets_held import BodyHash, held_names, hide, step_token, texts_of
from engine.storage import Keyring, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody sends. ``prefix`` begins the handles of its secrets.

    ``may_answer`` is asked, where the caller does not vouch for who sends it, with whom the step is ``by``.
    """

    execution: str
    token: str
    action: str
    values: Mapping[str, Any] = field(repr=False)
    prefix: str
    now: datetime
    may_answer: Callable[[str | None], bool] | None = None


class Desk:
    """Judges submissions. What it refuses is a value, since a due timer may have been applied and has to be stored."""

    def __init__(
        self, *, rows: Rows, recorder: Recorder, published: Published, keyring: Keyring, body: BodyHash
    ) -> None:
        self._rows, self._recorder, self._published = rows, recorder, published
        self._keyring, self._body = keyring, body

    def token(self, state: State) -> str | None:
        """Return the token of the step that *state* stands at, if it asks somebody."""
        if state.phase is not Phase.PROMPT:
            return None
        return step_token(self._keyring, state.execution, position(state.frames))

    def judge(self, unit: Unit, submission: Submission) -> Recorded:
        """Apply the submission, or say by ``refused`` why not; UnknownExecution where there is none."""
        held = self._rows.lock(unit, submission.execution)
        if held is None:
            raise UnknownExecution(submission.execution)
        current = self.token(held.state)
        if current is None or not hmac.compare_digest(current.encode(), submission.token.encode()):
            return Recorded(held=held, refused=Refuse(code=self._not_current(held.state, submission)))
        due = held.state.wake_at
        if due is not None and due <= submission.now:
            recorded = self._recorder.apply(unit, held, TimerFired(), submission.now, claim=True)
            return replace(recorded, refused=Refuse(code="too_late"))
        return self._answer(unit, held, submission)

    def _answer(self, unit: Unit, held: Held, submission: Submission) -> Recorded:
        state, action, values = held.state, submission.action, submission.values
        graphs = self._published.need([frame.digest for frame in state.frames])
        node = graphs[state.top.digest].nodes[state.top.node]
        if not isinstance(node, PromptNode):
            return Recorded(held=held, refused=Refuse(code="conflict"))
        if submission.may_answer is not None:
            # Most steps ask nobody in particular: then there is nothing to compute.
            asked = None if node.by is None else asked_person(node, scope_of(state, state.top, state.deadline))
            if not submission.may_answer(asked):
                return Recorded(held=held, refused=Refuse(code="of_another"))
        held_back = held_names(node, values)
        if held_back and action in node.routes:
            # Only here are typed secrets still texts that can be checked; all else is checked when it is applied.
            _, problems = read_answer(node, action, values, scope_of(state, state.top, state.deadline))
            if problems:
                return Recorded(held=held, refused=Refuse(code="invalid_fields", problems=problems))
        event = Submitted(
            position=position(state.frames),
            action=action,
            values=hide(node, values, submission.prefix),
            token=submission.token,
            body=self._body.of(action, values, held_back),
            held=held_back,
        )
        texts = texts_of(values, submission.prefix)
        return self._recorder.apply(unit, held, event, submission.now, claim=True, secrets=texts)

    def _not_current(self, state: State, submission: Submission) -> str:
        accepted = state.accepted
        if accepted is not None and hmac.compare_digest(accepted.token.encode(), submission.token.encode()):
            body = self._body.of(submission.action, submission.values, accepted.held)
            same = accepted.body is not None and hmac.compare_digest(accepted.body, body)
            return "repeated" if same else "conflict"
        return "gone" if state.phase is Phase.ENDED else "conflict"
