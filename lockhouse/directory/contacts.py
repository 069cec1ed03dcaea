"""Where people are reached; implements `ContactBook` and `Reachability` of the executors."""

from collections.abc import Collection

from engine.storage import Unit
from executors.notification_dispatch import Contact
from lockhouse.directory.persons import Persons, address_of

__all__ = ["DirectoryContacts"]


class DirectoryContacts:
    """The directory's addresses. A disabled person has none: nothing is sent to them."""

    def __init__(self, *, persons: Persons, channels: Collection[str] = ()) -> None:
        self._persons, self._channels = persons, frozenset(channels)

    def channels(self, unit: Unit, recipient: str) -> Collection[str]:
        """Return those of our channels that reach *recipient*."""
        person = self._persons.find(unit, recipient)
        if person is None or person.status != "enabled":
            return ()
        return [channel for channel in self._channels if address_of(person.profile, channel) is not None]

    def address(self, unit: Unit, recipient: str, channel: str) -> Contact | None:
        """Return how to reach *recipient* over *channel*, or None."""
        person = self._persons.find(unit, recipient)
        if person is None or person.status != "enabled":
            return None
        address = address_of(person.profile, channel)
        if address is None:
            return None
        return Contact(address=address, name=person.profile.name, locale=person.profile.locale)
