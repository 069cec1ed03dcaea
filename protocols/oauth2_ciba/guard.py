"""The account guard: one question, asked at every step, whether this client may still act for this person."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from engine.storage import Unit, insert_or_ignore, to_micros
from protocols.oauth2 import CIBA_GRANT, Accounts, Clients
from protocols.oauth2_ciba.tables import BLOCKS

_PAIR = (BLOCKS.c.client_id == bindparam("client"), BLOCKS.c.user_id == bindparam("person"))
_SELECT = select(BLOCKS.c.reason).where(*_PAIR)
_INSERT = insert_or_ignore(BLOCKS)
_DELETE = delete(BLOCKS).where(*_PAIR)


class AccountGuard:
    """Covers the person, the client (there, not disabled, with one of *grant_types*) and the block of the pair."""

    def __init__(
        self, *, accounts: Accounts, clients: Clients, grant_types: frozenset[str] = frozenset({CIBA_GRANT})
    ) -> None:
        self._accounts, self._clients, self._grant_types = accounts, clients, grant_types

    def allows(self, unit: Unit, *, subject: str, client_id: str) -> bool:
        """Return whether *client_id* may act for *subject* at this moment."""
        client = self._clients.find(unit, client_id)
        if client is None or client.disabled or not self._grant_types & client.grant_types:
            return False
        return not is_blocked(unit, client_id, subject) and self._accounts.allowed(unit, subject, client_id)


def is_blocked(unit: Unit, client_id: str, subject: str) -> bool:
    """Return whether *subject* has said "not me" to *client_id* and nobody has lifted it."""
    return unit.execute(_SELECT, {"client": client_id, "person": subject}).first() is not None


def block(unit: Unit, client_id: str, subject: str, *, reason: str, now: datetime) -> None:
    """Block the pair until it is lifted. The caller holds the person's lock."""
    row = {"client_id": client_id, "user_id": subject, "reason": reason, "created_at": to_micros(now)}
    unit.execute(_INSERT, row)


def lift(unit: Unit, client_id: str, subject: str) -> bool:
    """Lift the block of the pair; return whether there was one."""
    return unit.execute(_DELETE, {"client": client_id, "person": subject}).rowcount == 1
