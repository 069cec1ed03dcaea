"""Keeps people: who they are, what names them, and whether they may take part.

What a person is called and where they are reached is sealed; the values that a client may name them by are kept
as keyed hashes, so that a stolen table does not say who is in it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, select, update

from engine.storage import Keyring, Place, Unit, insert_or_ignore, to_micros
from lockhouse.directory.hints import HintKey, HintKind, NameInvalid, as_email, check_user_name
from lockhouse.directory.phones import PhoneInvalid, read_phone
from lockhouse.tables import hint_keys, persons

__all__ = ["NewPerson", "Person", "PersonExists", "Persons", "Profile", "address_of"]

_INSERT = insert_or_ignore(persons)
_INSERT_KEY = insert_or_ignore(hint_keys)
_BY_SUBJECT = select(persons).where(persons.c.subject == bindparam("subject"))
_ALL = select(persons).order_by(persons.c.created_at, persons.c.subject)
_SET_STATUS = (
    update(persons)
    .where(persons.c.subject == bindparam("which"), persons.c.status != bindparam("wanted"))
    .values(status=bindparam("wanted"))
    .returning(persons.c.subject)
)
_SET_USER_CODE = update(persons).where(persons.c.subject == bindparam("which")).values(user_code=bindparam("wanted"))
_SUBJECTS = select(hint_keys.c.subject).where(hint_keys.c.key_hash.in_(bindparam("hashes", expanding=True))).distinct()


class PersonExists(ValueError):
    """Somebody has this user name already."""

    code = "person_exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is sealed about a person. `repr` shows nothing of it."""

    user_name: str
    name: str
    email: str | None = None
    phone: str | None = None
    locale: str = "en"

    def __repr__(self) -> str:
        return "Profile(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person as the rest of the server sees them."""

    subject: str
    status: Literal["enabled", "disabled"]
    profile: Profile
    password: str | None
    user_code: str | None
    created_at: int

    def __repr__(self) -> str:
        return f"Person(subject={self.subject!r}, status={self.status!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A checked person who is not kept yet; make it with `NewPerson.of`. *password* is a hash."""

    subject: str
    profile: Profile
    password: str | None

    def __repr__(self) -> str:
        return f"NewPerson(subject={self.subject!r})"

    @classmethod
    def of(
        cls,
        *,
        subject: str,
        user_name: str,
        name: str = "",
        email: str | None = None,
        phone: str | None = None,
        locale: str = "en",
        password: str | None = None,
        country: str = "",
    ) -> "NewPerson":
        """Check every value. Raise `NameInvalid` with all mistakes. A phone without its country is one of *country*."""
        problems = []
        form = ""
        try:
            form = check_user_name(user_name)
        except NameInvalid as error:
            problems.append(str(error))
        if email is not None and as_email(email) is None:
            problems.append(f'e-mail: expected an address such as ann@example.org, found "{email}"')
        number = None
        try:
            number = None if phone is None else read_phone(phone, country)
        except PhoneInvalid as error:
            problems.append(f'phone "{phone}": {error}')
        if problems:
            raise NameInvalid("; ".join(problems))
        address = email.strip() if email else None
        profile = Profile(
            user_name=form, name=name.strip() or user_name.strip(), email=address, phone=number, locale=locale
        )
        return cls(subject=subject, profile=profile, password=password)


class Persons:
    """The rows of people. Every method runs inside the caller's unit."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring

    def add(self, unit: Unit, person: NewPerson, *, now: datetime) -> None:
        """Keep *person* and the keys that name them. Raise `PersonExists` for a user name that is taken."""
        row = {
            "subject": person.subject,
            "status": "enabled",
            "revision": 1,
            "profile": self._seal(person.subject, 1, person.profile),
            "password": person.password,
            "failures": 0,
            "next_try_at": 0,
            "created_at": to_micros(now),
        }
        if unit.execute(_INSERT, row).first() is None:
            raise PersonExists("this subject id is taken; ids are never given twice")
        for key in _keys_of(person):
            stored = unit.execute(
                _INSERT_KEY, {"key_hash": self.key_hash(key), "subject": person.subject, "kind": key.kind.value}
            )
            if stored.first() is None:
                raise PersonExists(f"the user name {person.profile.user_name} is taken; choose another")

    def find(self, unit: Unit, subject: str) -> Person | None:
        """Return the person *subject*, enabled or not; opened once in a unit, however many ask."""

        def read() -> Person | None:
            row = unit.execute(_BY_SUBJECT, {"subject": subject}).first()
            return self._person(row) if row else None

        return unit.once((Persons, subject), read)

    def all(self, unit: Unit) -> list[Person]:
        """Return everybody, oldest first."""
        return [self._person(row) for row in unit.execute(_ALL)]

    def named(self, unit: Unit, keys: Iterable[HintKey]) -> tuple[str, ...]:
        """Return the subject ids of everybody whom one of *keys* names."""
        hashes = [self.key_hash(key) for key in keys]
        if not hashes:
            return ()
        return tuple(sorted(unit.execute(_SUBJECTS, {"hashes": hashes}).scalars()))

    def is_enabled(self, unit: Unit, subject: str) -> bool:
        """Say whether *subject* exists and may take part."""
        person = self.find(unit, subject)
        return person is not None and person.status == "enabled"

    def set_status(self, unit: Unit, subject: str, status: Literal["enabled", "disabled"]) -> bool:
        """Enable or disable *subject*; return whether that changed anything."""
        unit.forget((Persons, subject))
        return unit.execute(_SET_STATUS, {"which": subject, "wanted": status}).first() is not None

    def set_user_code(self, unit: Unit, subject: str, user_code: str | None) -> bool:
        """Keep *user_code*, which is a hash, or none any more; return whether there is such a person."""
        unit.forget((Persons, subject))
        return unit.execute(_SET_USER_CODE, {"which": subject, "wanted": user_code}).rowcount == 1

    def key_hash(self, key: HintKey) -> bytes:
        """Return what *key* is kept as."""
        return self._keyring.mac("lockhouse.hint", key.kind.value, key.value)

    def _seal(self, subject: str, revision: int, profile: Profile) -> bytes:
        return self._keyring.seal(_place(subject, revision), json.dumps(asdict(profile)).encode())

    def _person(self, row: Any) -> Person:
        opened = self._keyring.open(_place(row.subject, row.revision), row.profile)
        return Person(
            subject=row.subject,
            status=row.status,
            profile=Profile(**json.loads(opened)),
            password=row.password,
            user_code=row.user_code,
            created_at=row.created_at,
        )


def address_of(profile: Profile, channel: str) -> str | None:
    """Return where *channel* reaches whoever has *profile*, or None."""
    return {"email": profile.email, "sms": profile.phone}.get(channel)


def _place(subject: str, revision: int) -> Place:
    return Place(table="lockhouse_persons", column="profile", row=subject, revision=revision)


def _keys_of(person: NewPerson) -> list[HintKey]:
    profile = person.profile
    keys = [
        HintKey(kind=HintKind.SUBJECT, value=person.subject),
        HintKey(kind=HintKind.USER_NAME, value=profile.user_name),
    ]
    if profile.email and (email := as_email(profile.email)):
        keys.append(HintKey(kind=HintKind.EMAIL, value=email))
    if profile.phone:
        keys.append(HintKey(kind=HintKind.PHONE, value=profile.phone))
    return keys
