"""A package with a table of its own, as the packages above the engine have, to try the storage with."""

from pathlib import Path

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from engine.storage import Database, TableOwner, insert_or_ignore

METADATA = MetaData()

notes = Table(
    "notes",
    METADATA,
    Column("id", Text, primary_key=True, info={"kept": "clear"}),
    Column("body", Text, nullable=False, info={"kept": "clear"}),
    Column("size", BigInteger, info={"kept": "clear"}),
    Column("raw", LargeBinary, info={"kept": "sealed"}),
    CheckConstraint("size >= 0", name="notes_size"),
)

NOTES = TableOwner(
    name="notes", metadata=METADATA, migrations=Path(__file__).parent / "migrations", version_table="notes_version"
)

ADD = insert(notes)
ADD_ONCE = insert_or_ignore(notes)
ALL = select(notes).order_by(notes.c.id)
IDS = select(notes.c.id).order_by(notes.c.id)
COUNT = select(func.count()).select_from(notes)
GET = select(notes).where(notes.c.id == bindparam("id"))
LOCK = GET.with_for_update()
SOME = select(notes.c.id).where(notes.c.id.in_(bindparam("ids", expanding=True))).order_by(notes.c.id)
GROW = (
    update(notes)
    .where(notes.c.id == bindparam("b_id"))
    .values(size=func.coalesce(notes.c.size, 0) + bindparam("by", type_=BigInteger))
)
REMOVE_SOME = delete(notes).where(notes.c.id.in_(bindparam("ids", expanding=True)))


def note(name: str, body: str = "text") -> dict[str, str]:
    """Return the parameters of ADD for a small note."""
    return {"id": name, "body": body}


async def ids(database: Database) -> list[str]:
    """Return the names of all notes, as a reader finds them."""
    return await database.read(lambda unit: unit.execute(IDS).scalars())


class Disagreement(Exception):
    """An error of a unit function's own."""
