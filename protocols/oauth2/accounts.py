"""The port to whoever knows the people: found by a hint, allowed, reachable, and what may be told of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.storage import Unit


@dataclass(frozen=True, slots=True)
class Found:
    """The hint means exactly one person."""

    subject: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The hint means more than one person, which is answered like none and told to the operator.

    ``form`` is the hint in its one form, however it was written: limits count by it.
    """

    count: int
    form: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Nobody:
    """The hint means nobody. ``form`` is the hint in its one form."""

    form: str = field(default="", repr=False, compare=False)


class Accounts(Protocol):
    """What the protocols ask of a directory. Every method runs inside the caller's unit and only reads."""

    def find(self, unit: Unit, hint: str) -> Found | Ambiguous | Nobody:
        """Return whom *hint* means, disabled people included.

        ``sub:``, ``username:``, ``email:`` or ``tel:`` in front says what the rest is; without, all of them are tried.
        """
        ...

    def allowed(self, unit: Unit, subject: str, client_id: str) -> bool:
        """Return whether *subject* may use *client_id* now: known, not disabled, not locked, not deleted."""
        ...

    def reachable(self, unit: Unit, subject: str) -> bool:
        """Return whether there is at least one channel over which *subject* can be told of a request."""
        ...

    def claims(self, unit: Unit, subject: str, scopes: Collection[str]) -> Mapping[str, Any]:
        """Return the claims that *scopes* open up (OpenID Connect Core section 5.4), without ``sub``."""
        ...
