"""What the storage refuses or cannot do. Messages never hold a value that was stored or bound."""

from typing import ClassVar

from engine.contracts.errors import CallerError, FlowError, OperatorError, TransientError


class StorageError(FlowError):
    """Whatever the storage raises. Those that are also TransientError end the unit, whatever its function does."""

    code: ClassVar[str] = "storage_error"


class StorageUnavailable(StorageError, TransientError):
    """The database cannot be used now. Nothing of the unit was stored; the same call may succeed later."""

    code: ClassVar[str] = "storage_unavailable"


class Overloaded(StorageError, TransientError):
    """More units wait than the database was allowed to queue. Nothing of the unit was stored."""

    code: ClassVar[str] = "overloaded"

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} units already wait for the database: try again later")


class OutcomeUnknown(StorageError, TransientError):
    """The connection was lost during COMMIT: the unit is stored in full or not at all, and only reading tells.

    It is never repeated by the storage. ``value`` is what the function returned: what to look for.
    """

    code: ClassVar[str] = "outcome_unknown"

    def __init__(self, value: object = None) -> None:
        self.value = value
        super().__init__("the connection was lost during COMMIT: read again to see whether the unit was stored")


class ConstraintViolated(StorageError, CallerError):
    """A unique, check, not-null or foreign-key constraint refused a row. ``kind`` says which sort it was.

    The unit cannot go on, unless the statement ran in a savepoint.
    """

    code: ClassVar[str] = "constraint_violated"

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"the {kind} constraint '{name}' refused a row: nothing of the unit was stored")


class ValueRefused(StorageError, CallerError):
    """A value cannot be stored: NUL or half a surrogate pair in a text, an integer over 64 bits, a foreign type."""

    code: ClassVar[str] = "value_refused"


class UnitMisused(StorageError, CallerError):
    """A unit function did what none may: commit, begin, await, leave out a parameter, go on after an error."""

    code: ClassVar[str] = "unit_misused"


class NotRepeatable(StorageError, CallerError):
    """With ``repeat=True``: a unit function gave another result, or ran other statements, the second time."""

    code: ClassVar[str] = "not_repeatable"

    def __init__(self, name: str, difference: str) -> None:
        self.name = name
        super().__init__(
            f"the unit function '{name}' is not repeatable: {difference}. A unit function may be run more than once: "
            "pass time, randomness and ids in as arguments and change nothing outside"
        )


class DatabaseTooNew(StorageError, OperatorError):
    """The database was upgraded by a newer version of the program than this one."""

    code: ClassVar[str] = "database_too_new"

    def __init__(self, owner: str, *, found: str, newest: str) -> None:
        self.owner, self.found, self.newest = owner, found, newest
        super().__init__(
            f"the tables of '{owner}' are at version {found}, this program knows versions up to {newest}: "
            "run the newer program, or restore the database from before its upgrade"
        )


class DatabaseNotUpgraded(StorageError, OperatorError):
    """The database's tables are older than this program, or are not there."""

    code: ClassVar[str] = "database_not_upgraded"

    def __init__(self, owner: str, *, found: str | None, newest: str) -> None:
        self.owner, self.found, self.newest = owner, found, newest
        state = f"at version {found}" if found else "not there"
        super().__init__(f"the tables of '{owner}' are {state}, version {newest} is needed: upgrade the database first")


class SealBroken(StorageError, OperatorError):
    """A sealed value cannot be opened: altered, moved to another place, or sealed under a key that is not here."""

    code: ClassVar[str] = "seal_broken"


class UnknownDatabase(StorageError, OperatorError):
    """A database URL names something that the storage does not know."""

    code: ClassVar[str] = "unknown_database"
