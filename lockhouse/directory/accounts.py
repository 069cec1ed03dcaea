"""What the protocol may ask about people; implements its port `Accounts`."""

from collections.abc import Collection, Mapping
from typing import Any

from engine.storage import Unit
from lockhouse.directory.hints import readings
from lockhouse.directory.persons import Persons, address_of
from protocols.oauth2 import Ambiguous, Found, Nobody

__all__ = ["DirectoryAccounts"]


class DirectoryAccounts:
    """The directory as the protocol sees it. A disabled person is still found: the guard says no to them."""

    def __init__(self, *, persons: Persons, channels: Collection[str], country: str = "") -> None:
        self._persons, self._country = persons, country
        self._channels = frozenset(channels)

    def find(self, unit: Unit, hint: str) -> Found | Ambiguous | Nobody:
        """Return whom *hint* names: one person, several, or nobody."""
        keys = readings(hint, self._country)
        subjects = self._persons.named(unit, keys)
        if len(subjects) == 1:
            return Found(subject=subjects[0])
        # With or without its prefix, a hint's last reading is the one that says most of it.
        form = f"{keys[-1].kind.value}:{keys[-1].value}" if keys else hint
        return Ambiguous(count=len(subjects), form=form) if subjects else Nobody(form=form)

    def allowed(self, unit: Unit, subject: str, client_id: str) -> bool:  # noqa: ARG002 - blocks of a pair are the protocol's
        """Say whether *subject* exists and is enabled."""
        return self._persons.is_enabled(unit, subject)

    def reachable(self, unit: Unit, subject: str) -> bool:
        """Say whether a message could reach *subject* over a channel that we have."""
        person = self._persons.find(unit, subject)
        return person is not None and any(address_of(person.profile, channel) for channel in self._channels)

    def claims(self, unit: Unit, subject: str, scopes: Collection[str]) -> Mapping[str, Any]:
        """Return what *scopes* let a client know about *subject* (OpenID Connect Core 5.4)."""
        person = self._persons.find(unit, subject)
        if person is None:
            return {}
        profile, told = person.profile, dict[str, Any]()
        if "profile" in scopes:
            told |= {"name": profile.name, "preferred_username": profile.user_name, "locale": profile.locale}
        if "email" in scopes and profile.email:
            told |= {"email": profile.email, "email_verified": True}
        if "phone" in scopes and profile.phone:
            told |= {"phone_number": profile.phone, "phone_number_verified": True}
        return told
