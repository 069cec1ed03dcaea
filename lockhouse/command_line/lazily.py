"""Commands that are imported when they are called: `lockhouse --help` need not load a server."""

from collections.abc import Iterator, Mapping, MutableMapping
from copy import copy
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Part", "group_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A command, or a group of commands, by the name of the module that has it; *summary* is what the list shows."""

    name: str
    module: str
    attribute: str
    summary: str

    def load(self) -> Any:
        """Import the command and build it."""
        found = getattr(import_module(self.module), self.attribute)
        if isinstance(found, typer.Typer):  # a group, also where it has one command only
            command: Any = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
            alone.command(self.name)(found)
            command = typer.main.get_command(alone)
        command.name = self.name
        return command

    def outline(self) -> Any:
        """Return what the list of commands shows of it."""
        return TyperCommand(self.name, help=self.summary, rich_markup_mode="rich")


class _Commands(MutableMapping[str, Any]):
    """Commands by name, each made when it is first asked for."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts, self._made = parts, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._parts[name].load()
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def group_of(parts: tuple[Part, ...]) -> type[TyperGroup]:
    """Return the class of a group with *parts* as its commands, in this order."""
    by_name: Final = {part.name: part for part in parts}

    class Lazily(TyperGroup):
        """The group: it is itself when a command is called, and an outline of itself when it is only shown."""

        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = _Commands(by_name)

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the library's signature
            return list(self.commands)

        def format_help(self, ctx: Any, formatter: Any) -> None:
            TyperGroup.format_help(self._outline(), ctx, formatter)

        def shell_complete(self, ctx: Any, incomplete: str) -> Any:
            shown = copy(ctx)
            shown.command = self._outline()
            return TyperGroup.shell_complete(shown.command, shown, incomplete)

        def _outline(self) -> "Lazily":
            outline = copy(self)
            outline.commands = {part.name: part.outline() for part in parts}
            return outline

    return Lazily
