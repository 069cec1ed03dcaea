"""People and the keys that name them, on both databases."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.storage import Database, Keyring, TableOwner, Unit, upgrade
from lockhouse.directory.accounts import DirectoryAccounts
from lockhouse.directory.contacts import DirectoryContacts
from lockhouse.directory.hints import NameInvalid, readings
from lockhouse.directory.persons import NewPerson, PersonExists, Persons
from lockhouse.tables import LOCKHOUSE_TABLES, metadata
from protocols.oauth2 import Ambiguous, Found, Nobody

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEYRING = Keyring({"k1": bytes(range(32))}, "k1")


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (LOCKHOUSE_TABLES,)


@pytest.fixture
def persons() -> Persons:
    return Persons(keyring=KEYRING)


def new(name: str, *, email: str | None = None, phone: str | None = None, password: str | None = "hash") -> NewPerson:
    return NewPerson.of(
        subject=f"subject-of-{name}", user_name=name, name=name.title(), email=email, phone=phone, password=password
    )


def raw_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir()).lower()


async def add(database: Database, persons: Persons, *people: NewPerson) -> None:
    for person in people:
        await database.run(lambda unit, person=person: persons.add(unit, person, now=NOW))  # type: ignore[misc] # mypy: default in lambda


async def test_each_kind_of_hint_finds_the_person(database: Database, persons: Persons) -> None:
    await add(database, persons, new("ann", email="Ann@Example.org", phone="+49 170 1234567"), new("ben"))
    accounts = DirectoryAccounts(persons=persons, channels=("email",))

    for hint in (
        "ann",
        "ANN",
        "username:ann",
        "ann@example.org",
        "email:ANN@example.org",
        "+491701234567",
        "tel:+49 170 123-4567",
        "subject-of-ann",
        "sub:subject-of-ann",
    ):
        assert await database.read(lambda unit, hint=hint: accounts.find(unit, hint)) == Found("subject-of-ann"), hint  # type: ignore[misc] # as above


@pytest.mark.parametrize(
    "hint", ["carl", "email:ann", "username:ann@example.org", "tel:0170", "", "sub:ann", "%", "_nn"]
)
async def test_a_hint_that_names_nobody_finds_nobody(database: Database, persons: Persons, hint: str) -> None:
    await add(database, persons, new("ann", email="ann@example.org"))
    accounts = DirectoryAccounts(persons=persons, channels=("email",))

    assert await database.read(lambda unit: accounts.find(unit, hint)) == Nobody()


async def test_an_address_that_two_people_share_is_ambiguous_and_their_names_are_not(
    database: Database, persons: Persons
) -> None:
    shared = {"email": "family@example.org", "phone": "+491701234567"}
    await add(database, persons, new("ann", **shared), new("ben", **shared))
    accounts = DirectoryAccounts(persons=persons, channels=("email",))

    assert await database.read(lambda unit: accounts.find(unit, "family@example.org")) == Ambiguous(2)
    assert await database.read(lambda unit: accounts.find(unit, "tel:+491701234567")) == Ambiguous(2)
    assert await database.read(lambda unit: accounts.find(unit, "ben")) == Found("subject-of-ben")


async def test_one_hint_that_fits_two_people_in_two_ways_is_ambiguous(database: Database, persons: Persons) -> None:
    other = NewPerson.of(subject="ann", user_name="ben")
    await add(database, persons, new("ann"), other)
    accounts = DirectoryAccounts(persons=persons, channels=("email",))

    assert await database.read(lambda unit: accounts.find(unit, "ann")) == Ambiguous(2)
    assert await database.read(lambda unit: accounts.find(unit, "sub:ann")) == Found("ann")


async def test_a_user_name_is_given_once_in_any_spelling_and_nothing_is_stored_of_the_second(
    database: Database, persons: Persons
) -> None:
    await add(database, persons, new("ann"))
    second = NewPerson.of(subject="other", user_name="ANN", email="ann@example.org")

    with pytest.raises(PersonExists, match="user name ann is taken"):
        await add(database, persons, second)

    assert await database.read(lambda unit: persons.find(unit, "other")) is None
    assert await database.read(lambda unit: persons.named(unit, readings("ann@example.org"))) == ()


async def test_a_subject_id_is_never_given_twice(database: Database, persons: Persons) -> None:
    await add(database, persons, new("ann"))

    with pytest.raises(PersonExists, match="subject"):
        await add(database, persons, NewPerson.of(subject="subject-of-ann", user_name="ben"))


async def test_all_mistakes_of_a_new_person_are_told_at_once() -> None:
    with pytest.raises(NameInvalid) as caught:
        NewPerson.of(subject="s", user_name="a@b", email="nobody", phone="0170")

    assert all(part in str(caught.value) for part in ("user name:", "e-mail:", 'phone "0170":'))


async def test_a_disabled_person_is_found_but_not_allowed_and_not_written_to(
    database: Database, persons: Persons
) -> None:
    await add(database, persons, new("ann", email="ann@example.org"))
    accounts, contacts = DirectoryAccounts(persons=persons, channels=("email",)), DirectoryContacts(persons=persons)

    assert await database.run(lambda unit: persons.set_status(unit, "subject-of-ann", "disabled"))
    assert not await database.run(lambda unit: persons.set_status(unit, "subject-of-ann", "disabled"))

    def look(unit: Unit) -> tuple[object, ...]:
        return (
            accounts.find(unit, "ann"),
            accounts.allowed(unit, "subject-of-ann", "shop"),
            contacts.address(unit, "subject-of-ann", "email"),
        )

    assert await database.read(look) == (Found("subject-of-ann"), False, None)


async def test_nobody_is_allowed_who_does_not_exist(database: Database, persons: Persons) -> None:
    accounts = DirectoryAccounts(persons=persons, channels=("email",))

    assert not await database.read(lambda unit: accounts.allowed(unit, "nobody", "shop"))
    assert not await database.read(lambda unit: accounts.reachable(unit, "nobody"))


async def test_a_person_is_reachable_over_channels_that_we_have(database: Database, persons: Persons) -> None:
    await add(database, persons, new("ann", phone="+491701234567"), new("ben", email="ben@example.org"))

    def reach(unit: Unit) -> list[bool]:
        both, mail = (DirectoryAccounts(persons=persons, channels=c) for c in (("email", "sms"), ("email",)))
        return [who.reachable(unit, f"subject-of-{name}") for who in (both, mail) for name in ("ann", "ben")]

    assert await database.read(reach) == [True, True, False, True]


async def test_each_scope_lets_a_client_know_its_claims_and_no_more(database: Database, persons: Persons) -> None:
    await add(database, persons, new("ann", email="Ann@example.org", phone="+49 170 1234567"), new("ben"))
    accounts = DirectoryAccounts(persons=persons, channels=("email",))

    async def told(who: str, *scopes: str) -> dict[str, object]:
        return dict(await database.read(lambda unit: accounts.claims(unit, f"subject-of-{who}", scopes)))

    assert await told("ann", "openid") == {}
    assert await told("ann", "profile") == {"name": "Ann", "preferred_username": "ann", "locale": "en"}
    assert await told("ann", "email") == {"email": "Ann@example.org", "email_verified": True}
    assert await told("ann", "phone") == {"phone_number": "+491701234567", "phone_number_verified": True}
    assert await told("ben", "email", "phone") == {}
    assert await told("nobody", "profile") == {}


async def test_the_raw_file_holds_nothing_that_names_a_person(tmp_path: Path, persons: Persons) -> None:
    url = f"sqlite:///{tmp_path / 'people.db'}"
    upgrade(url, (LOCKHOUSE_TABLES,))
    async with Database.open(url) as database:
        person = NewPerson.of(
            subject="s1",
            user_name="canaryname",
            name="Canary Person",
            email="canary@example.org",
            phone="+491709999999",
        )
        await add(database, persons, person)
        kept = await database.read(persons.all)

    assert b"canary" not in raw_bytes(tmp_path)
    assert kept[0].profile.email == "canary@example.org"
    assert b"491709999999" not in raw_bytes(tmp_path)
    assert "canary" not in repr(kept).lower()


def test_every_column_says_how_it_is_kept() -> None:
    kinds = {"clear", "hashed", "keyed_hash", "argon2id", "sealed"}

    assert [
        str(column) for table in metadata.tables.values() for column in table.c if column.info.get("kept") not in kinds
    ] == []


def test_the_migrations_make_exactly_the_tables_that_are_declared(tmp_path: Path) -> None:
    file = tmp_path / "made.db"
    upgrade(f"sqlite:///{file}", (LOCKHOUSE_TABLES,))
    with closing(sqlite3.connect(file)) as raw, raw:
        made = {name: {row[1] for row in raw.execute(f"pragma table_info({name})")} for name in metadata.tables}

    assert made == {name: set(table.c.keys()) for name, table in metadata.tables.items()}
