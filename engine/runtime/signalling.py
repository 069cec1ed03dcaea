"""One signal inside its transaction: who may send it, whether it came before, and what the flow makes of it."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.contracts import FieldProblem, UnknownExecution
from engine.execution import Refuse, Signalled
from engine.runtime.recorder import Recorded, Recorder
from engine.runtime.repeating import Repeating
from engine.runtime.rows import Rows
from engine.storage import Keyring, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What somebody sends. ``key`` is the Idempotency-Key, if there is one."""

    execution: str
    name: str
    sender: str
    payload: Mapping[str, Any] = field(repr=False)
    key: str | None
    now: datetime


class SignalDesk:
    """Judges signals. What it refuses is a value, since a due timer may have been applied and has to be stored."""

    def __init__(self, *, rows: Rows, recorder: Recorder, keyring: Keyring, repeating: Repeating) -> None:
        self._rows, self._recorder, self._keyring, self._repeating = rows, recorder, keyring, repeating

    def token(self, execution: str, name: str, sender: str) -> str:
        """Return what lets its bearer send the signal *name* to *execution* as *sender*: derived, never stored."""
        who = base64.urlsafe_b64encode(sender.encode()).decode().rstrip("=")
        return f"{who}.{self._mac(execution, name, sender)}"

    def sender_of(self, execution: str, name: str, token: str) -> str:
        """Return who sends with *token*; UnknownExecution where it is not for this signal of this execution."""
        who, _, mac = token.partition(".")
        try:
            sender = base64.b64decode(who + "=" * (-len(who) % 4), altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            raise UnknownExecution(execution) from None
        if not hmac.compare_digest(self._mac(execution, name, sender).encode(), mac.encode()):
            raise UnknownExecution(execution)
        return sender

    def judge(self, unit: Unit, signal: Signal, *, claim: bool) -> Recorded:
        """Apply *signal*, or say by ``refused`` why not; UnknownExecution where there is no such execution."""
        held = self._rows.lock(unit, signal.execution)
        if held is None:
            raise UnknownExecution(signal.execution)
        call = None
        if signal.key is not None:
            call = self._repeating.signal(
                signal.key,
                execution=signal.execution,
                name=signal.name,
                sender=signal.sender,
                payload=signal.payload,
            )
            if self._repeating.earlier(unit, call) is not None:
                return Recorded(held=held, refused=Refuse(code="repeated"))
        event = Signalled(signal=signal.name, sender=signal.sender, payload=signal.payload)
        recorded = self._recorder.apply(unit, held, event, signal.now, claim=claim)
        if call is not None and recorded.refused is None:
            self._repeating.accept(unit, call, now=signal.now)
        return recorded

    def _mac(self, execution: str, name: str, sender: str) -> str:
        return self._keyring.mac("engine.signal", execution, name, sender).hex()[:43]


def problems_of(refused: Refuse) -> tuple[FieldProblem, ...]:
    """Return what is wrong with the call itself; nothing where the execution does not take the signal now."""
    match refused.code:
        case "invalid_fields":
            return refused.problems
        case "unknown_signal":
            return (FieldProblem(field="signal", code="unknown", message="this flow declares no such signal"),)
        case "not_allowed":
            return (FieldProblem(field="sender", code="not_allowed", message="this sender may not send this signal"),)
        case _:
            return ()
