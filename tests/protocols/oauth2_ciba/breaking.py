"""Redemption with something broken: a statement, a key, a signature, the commit, or the connection it went over."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.sql import Executable

from engine.storage import Database, OutcomeUnknown, Result, Unit
from protocols.oauth2 import SigningKey, SigningKeys, TokenRequest, parse_form, presented
from protocols.oauth2_ciba.redemption import CibaGrant
from tests.protocols.world import GRANT, ISSUER, KEYRING, SECRETS, SHOP, World

T = TypeVar("T")


class Broken(Exception):
    """Injected."""


class BreakingUnit:
    """A unit whose nth statement fails, as a full disk or a lost connection does."""

    def __init__(self, unit: Unit, fails_at: int) -> None:
        self._unit, self._left = unit, fails_at

    def execute(
        self, statement: Executable, params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> Result:
        self._left -= 1
        if self._left == 0:
            raise Broken("a statement")
        return self._unit.execute(statement, params)

    def savepoint(self) -> AbstractContextManager[None]:
        return self._unit.savepoint()


class BreakingDatabase:
    """A database whose redeeming unit fails: at its nth statement, or at the commit."""

    def __init__(self, database: Database, *, fails_at: int | str) -> None:
        self._database, self._fails_at, self._runs = database, fails_at, 0

    async def run(self, fn: Callable[[Any], T]) -> T:
        self._runs += 1
        if self._runs == 1:  # the evaluation
            return await self._database.run(fn)
        if isinstance(self._fails_at, int):
            number = self._fails_at
            return await self._database.run(lambda unit: fn(BreakingUnit(unit, number)))
        if self._fails_at == "commit":

            def and_fail(unit: Unit) -> T:
                fn(unit)
                raise Broken("the commit")

            return await self._database.run(and_fail)
        if self._fails_at == "connection" and self._runs == 2:
            raise OutcomeUnknown  # and nothing was stored
        result = await self._database.run(fn)
        if self._fails_at == "answer to the commit" and self._runs == 2:
            raise OutcomeUnknown  # but everything was
        return result


class BreakingKeys:
    """Signing keys that cannot be loaded, or that sign so many times and then fail."""

    def __init__(self, keys: SigningKeys, *, signatures: int) -> None:
        self._keys, self._signatures = keys, signatures
        self._key: BreakingKey | None = None

    async def current(self, now: datetime, algorithm: str | None = None) -> Any:
        if self._signatures < 0:
            raise Broken("key load")
        if self._key is None:  # both tokens are signed by one key, whose signatures are counted
            self._key = BreakingKey(await self._keys.current(now, algorithm), self._signatures)
        return self._key


@dataclass
class BreakingKey:
    """A key that signs *left* times."""

    key: SigningKey
    left: int

    @property
    def algorithm(self) -> str:
        return self.key.algorithm

    def sign(self, claims: Mapping[str, Any], *, typ: str) -> str:
        self.left -= 1
        if self.left < 0:
            raise Broken("a signature")
        return self.key.sign(claims, typ=typ)


def grant_of(world: World, *, database: Any = None, keys: Any = None) -> CibaGrant:
    return CibaGrant(
        database=database or world.database,
        keyring=KEYRING,
        clients=world.records.clients,
        guard=world.records.guard,
        signing_keys=keys or world.signing_keys,
        waiters=world.records.waiters,
        clock=world.clock,
        settings=world.settings,
    )


def token_request(world: World, auth_req_id: str, key: str | None = None) -> TokenRequest:
    form = parse_form(
        f"grant_type={GRANT}&auth_req_id={auth_req_id}&client_id=shop&client_secret={SECRETS[SHOP]}".encode()
    )
    return TokenRequest(
        form=form, shown=presented(form, (), issuer=ISSUER), keys=(key,) if key else (), now=world.clock.now()
    )
