"""What a client is told that a person is called: the same for all, or a name of its sector's own.

A pairwise name (OpenID Connect Core section 8.1) is a keyed hash of sector and person, so that it is always the same
and tells nothing; the rows are for the way back, from a name that a client shows to the person behind it.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import bindparam, select

from engine.storage import Keyring, Unit, insert_or_ignore, to_micros
from protocols.oauth2.tables import SUBJECTS

__all__ = ["PAIRWISE", "Sectored", "Subject", "person_of", "store_subject", "subject_for"]

PAIRWISE = "pairwise"

_INSERT = insert_or_ignore(SUBJECTS)
_FIND = select(SUBJECTS.c.user_id).where(
    SUBJECTS.c.sector == bindparam("which"), SUBJECTS.c.subject == bindparam("name")
)


class Sectored(Protocol):
    """A client, as far as the names of people depend on it."""

    @property
    def client_id(self) -> str:
        """Its id."""
        ...

    @property
    def subject_type(self) -> str:
        """``public`` or ``pairwise``."""
        ...

    @property
    def sector(self) -> str | None:
        """The host whose clients are all told the same names, of a pairwise one."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, and the ``sub`` by which one client is told of them; ``sector`` is there for a pairwise one."""

    user_id: str
    told: str
    sector: str | None = None


def subject_for(keyring: Keyring, client: Sectored, user_id: str) -> Subject:
    """Return what *client* is told that the person is called. Nothing is read or stored."""
    sector = _sector_of(client)
    if sector is None:
        return Subject(user_id, user_id)
    name = keyring.mac("oauth2.pairwise_subject", sector, user_id)
    return Subject(user_id, base64.urlsafe_b64encode(name).rstrip(b"=").decode("ascii"), sector)


def store_subject(unit: Unit, subject: Subject, *, now: datetime) -> None:
    """Remember whom a pairwise name means; a name that is everybody's needs no row."""
    if subject.sector is None:
        return
    row = {
        "sector": subject.sector,
        "subject": subject.told,
        "user_id": subject.user_id,
        "created_at": to_micros(now),
    }
    unit.execute(_INSERT, row)


def person_of(unit: Unit, client: Sectored, sub: str) -> str | None:
    """Return the person that *client* calls *sub*, or None where its sector was never told of such a one.

    A name that is everybody's is the person's own id: whether there is such a person, the directory says.
    """
    sector = _sector_of(client)
    if sector is None:
        return sub
    found: str | None = unit.execute(_FIND, {"which": sector, "name": sub}).scalar()
    return found


def _sector_of(client: Sectored) -> str | None:
    """Return the sector of a pairwise client; one that was stored without has its own, which no host's name can be."""
    if client.subject_type != PAIRWISE:
        return None
    return client.sector or f"client:{client.client_id}"
