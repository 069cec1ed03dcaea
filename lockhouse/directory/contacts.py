"""Where people are reached; implements `ContactBook` and `Reachability` of the executors."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from engine.storage import Unit
from executors.notification_dispatch import Contact
from lockhouse.directory.persons import Persons, address_of

__all__ = ["DirectoryContacts"]

# Addresses that are nobody's and never will be (RFC 2606; numbers kept for fiction). Nothing is sent to them either.
_NOWHERE: Mapping[str, str] = MappingProxyType({"email": "nobody@nowhere.invalid", "sms": "+12065550100"})


def _never(recipient: str) -> bool:  # noqa: ARG001 - where nobody is made up
    return False


class DirectoryContacts:
    """The directory's addresses. A disabled person has none: nothing is sent to them.

    *is_decoy* knows recipients that are made up: a message for one is queued like any other, and goes nowhere.
    """

    def __init__(
        self,
        *,
        persons: Persons,
        channels: Collection[str] = (),
        is_decoy: Callable[[str], bool] = _never,
    ) -> None:
        self._persons, self._channels, self._is_decoy = persons, frozenset(channels), is_decoy

    def channels(self, unit: Unit, recipient: str) -> Collection[str]:
        """Return those of our channels that reach *recipient*."""
        if self._is_decoy(recipient):
            return self._channels & _NOWHERE.keys()
        person = self._persons.find(unit, recipient)
        if person is None or person.status != "enabled":
            return ()
        return [channel for channel in self._channels if address_of(person.profile, channel) is not None]

    def address(self, unit: Unit, recipient: str, channel: str) -> Contact | None:
        """Return how to reach *recipient* over *channel*, or None."""
        if self._is_decoy(recipient):
            return Contact(address=_NOWHERE[channel]) if channel in self._channels & _NOWHERE.keys() else None
        person = self._persons.find(unit, recipient)
        if person is None or person.status != "enabled":
            return None
        address = address_of(person.profile, channel)
        if address is None:
            return None
        return Contact(address=address, name=person.profile.name, locale=person.profile.locale)
