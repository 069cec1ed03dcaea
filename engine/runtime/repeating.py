"""Idempotency-Keys of starts and signals: the same call under the same key happens once."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.contracts.errors import CallerError
from engine.runtime.secrets_held import canonical
from engine.storage import Keyring, Unit
from engine.storage.repeats import Call, Repeats


class KeyReused(CallerError):
    """An Idempotency-Key came with another body than the first time (409)."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another call: use a new key for a new call")


class Repeating:
    """Recognises repeated calls, inside the unit that acts on them."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring, self._repeats = keyring, Repeats()

    def start(self, key: str, scope: str, execution: str, flow: str, inputs: Mapping[str, Any]) -> Call:
        """Return a start as it is remembered; keys of different *scope* (a client's, say) are not compared."""
        return Call(
            name=self._keyring.mac("engine.repeat.start", scope, key),
            body=self._keyring.mac("engine.repeat.body", flow, canonical(inputs)),
            execution=execution,
        )

    def signal(self, key: str, *, execution: str, name: str, sender: str, payload: Mapping[str, Any]) -> Call:
        """Return a signal as it is remembered; keys are its sender's, for this signal of this execution."""
        return Call(
            name=self._keyring.mac("engine.repeat.signal", execution, name, sender, key),
            body=self._keyring.mac("engine.repeat.body", name, canonical(payload)),
            execution=execution,
        )

    def earlier(self, unit: Unit, call: Call) -> Call | None:
        """Return the accepted call that *call* repeats, None where it is new; KeyReused where it says other things."""
        found = self._repeats.find(unit, call.name)
        if found is not None and not hmac.compare_digest(found.body, call.body):
            raise KeyReused
        return found

    def accept(self, unit: Unit, call: Call, *, now: datetime) -> bool:
        """Remember *call*; return False where it repeats one, and raise KeyReused as ``earlier`` does."""
        if self._repeats.put(unit, call, now=now):
            return True
        self.earlier(unit, call)
        return False

    def forget(self, unit: Unit, *, before: datetime, limit: int) -> int:
        """Delete up to *limit* calls from before *before*; return how many."""
        return self._repeats.forget(unit, before=before, limit=limit)
