"""What a client asks for, in the person's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocols.oauth2.scopes import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One thing that the client asks for; what is ``required`` cannot be left out of an approval."""

    name: str
    title: str
    description: str | None
    required: bool

    def as_input(self) -> dict[str, str | bool]:
        """Return the record that a flow takes; an absent description is left out."""
        record: dict[str, str | bool] = {"name": self.name, "title": self.title, "required": self.required}
        return record if self.description is None else {**record, "description": self.description}


def permissions_of(names: Sequence[str], scopes: Mapping[str, Scope]) -> tuple[Permission, ...]:
    """Return the permissions for the scopes *names*; one that has left the settings is shown by its name."""
    known = [scopes.get(name) or Scope(name=name, title=name) for name in names]
    return tuple(
        Permission(name=scope.name, title=scope.title, description=scope.description, required=scope.required)
        for scope in known
    )
