"""Tokens for persons: each lets its bearer act for one person at the steps of one execution that are ``by`` them."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from engine.contracts import UnknownExecution
from engine.http.access import digest
from engine.runtime.engine import Engine
from engine.storage import Unit
from engine.storage.executions import Executions
from engine.storage.person_tokens import PersonTokenRows

# A bearer's token may have 2048 characters in all; a person's id has far fewer.
LONGEST_ID: Final = 255
LONGEST_LIFE: Final = timedelta(days=1)
PERSON: Final = re.compile(r"lhp_[A-Za-z0-9_-]{1,1360}\.[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonToken:
    """A token and when it ends. It is told this once: only its hash is kept."""

    token: str = field(repr=False)
    expires_at: datetime


class PersonTokens:
    """Gives tokens out, takes them back, and knows those that are good.

    Whoever gives one out has made sure that its bearer acts for that person: the engine takes their word.
    """

    def __init__(self, engine: Engine) -> None:
        self._database, self._clock = engine.database, engine.clock
        self._executions, self._rows = Executions(engine.keyring), PersonTokenRows()

    async def give(self, execution: str, *, person: str, lasting: timedelta = timedelta(minutes=15)) -> PersonToken:
        """Return a new token for *person* at *execution*, good for *lasting*, a day at most.

        UnknownExecution where there is none; ValueError for a person without an id, or a time that is none.
        """
        if not 0 < len(person) <= LONGEST_ID or not timedelta(0) < lasting <= LONGEST_LIFE:
            raise ValueError(f"expected an id of 1 to {LONGEST_ID} characters, and a time of at most {LONGEST_LIFE}")
        token, expires_at = _token_for(person), self._clock.now() + lasting
        put = partial(self._put, token_hash=digest(token), execution=execution, expires_at=expires_at)
        await self._database.run(put)
        return PersonToken(token=token, expires_at=expires_at)

    def _put(self, unit: Unit, *, token_hash: bytes, execution: str, expires_at: datetime) -> None:
        if self._executions.find(unit, execution) is None:
            raise UnknownExecution(execution)
        self._rows.put(unit, token_hash=token_hash, execution=execution, expires_at=expires_at)

    async def take_back(self, execution: str) -> int:
        """Make every token for *execution* worthless at once; return how many those were."""
        return await self._database.run(partial(self._rows.revoke, execution=execution))

    async def person_of(self, execution: str, token: str) -> str | None:
        """Return for whom *token* stands at *execution* now; None where it stands for nobody."""
        now = self._clock.now()
        known = partial(self._rows.holds, token_hash=digest(token), execution=execution, now=now)
        return _person_in(token) if await self._database.read(known) else None


def _token_for(person: str) -> str:
    who = base64.urlsafe_b64encode(person.encode()).decode().rstrip("=")
    return f"lhp_{who}.{secrets.token_urlsafe(32)}"


def _person_in(token: str) -> str | None:
    who = token.removeprefix("lhp_").partition(".")[0]
    try:
        return base64.b64decode(who + "=" * (-len(who) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
