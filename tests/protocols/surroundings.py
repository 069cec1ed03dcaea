"""What stands around the protocol layer in tests: people, time, keys and flows, each under a test's control."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine import Ended
from engine.storage import Unit
from protocols.oauth2 import Ambiguous, Found, KeysNotThere, Nobody
from protocols.oauth2_ciba import CibaRecords


class Hand:
    """A clock that a test turns."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def forward(self, seconds: float) -> datetime:
        self._now += timedelta(seconds=seconds)
        return self._now


class People:
    """Accounts in memory. A person who is not allowed is still found; a hint of two people is ambiguous."""

    def __init__(self, **hints: str) -> None:
        self.hints: dict[str, tuple[str, ...]] = {hint: (subject,) for hint, subject in hints.items()}
        self.disabled: set[str] = set()
        self.silent: set[str] = set()

    def find(self, unit: Unit, hint: str) -> Found | Ambiguous | Nobody:
        kind, _, name = hint.partition(":")
        known = {subject for subjects in self.hints.values() for subject in subjects}
        subjects = tuple(known & {name}) if kind == "sub" else self.hints.get(name or hint, ())
        if len(subjects) > 1:
            return Ambiguous(len(subjects), hint)
        return Found(subjects[0]) if subjects else Nobody(hint)

    def allowed(self, unit: Unit, subject: str, client_id: str) -> bool:
        return subject not in self.disabled

    def reachable(self, unit: Unit, subject: str) -> bool:
        return subject not in self.silent

    def claims(self, unit: Unit, subject: str, scopes: Collection[str]) -> Mapping[str, Any]:
        return {"name": f"Name of {subject}"} if "profile" in scopes else {}


class KeyShelf:
    """Holds the key sets of clients by their addresses, and counts how often each is fetched."""

    def __init__(self) -> None:
        self.sets: dict[str, bytes] = {}
        self.fetched: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if url not in self.sets:
            raise KeysNotThere("404")
        return self.sets[url]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An execution that was started."""

    execution: str
    flow: str
    inputs: Mapping[str, Any]
    on_end: str
    correlation: str
    now: datetime


class FlowBook:
    """Keeps what was started. ``at_once`` names outcomes with which a flow ends inside the unit that starts it.

    Of a journey it keeps whether somebody has joined it: it is taken to wait for that as soon as it has begun.
    """

    def __init__(self) -> None:
        self.joined: list[str] = []
        self.started: dict[str, Start] = {}
        self.at_once: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self.records: CibaRecords | None = None

    def start(
        self,
        unit: Unit,
        *,
        execution: str,
        flow: str,
        inputs: Mapping[str, Any],
        on_end: str,
        correlation: str,
        now: datetime,
        locale: str,
    ) -> None:
        assert locale
        begun = Start(execution=execution, flow=flow, inputs=inputs, on_end=on_end, correlation=correlation, now=now)
        self.started[execution] = begun
        if flow in self.at_once and self.records is not None:
            outcome, fields = self.at_once[flow]
            over = Ended(
                execution=execution, flow=flow, outcome=outcome, fields=fields, correlation=correlation, at=now
            )
            self.records.ends()[on_end](unit, over)

    def signal_inside(
        self, unit: Unit, *, execution: str, name: str, sender: str, payload: Mapping[str, Any], now: datetime
    ) -> bool:
        begun = self.started[execution]
        assert (name, sender, payload) == ("engaged", begun.correlation, {})
        if begun.flow != "ciba_journey" or execution in self.joined or now >= begun.inputs["expires_at"]:
            return False
        unit.after_commit(lambda: self.joined.append(execution))
        return True

    def of(self, correlation: str, flow: str) -> Start:
        """Return the only start of *flow* for a request."""
        (begun,) = (s for s in self.started.values() if (s.correlation, s.flow) == (correlation, flow))
        return begun
