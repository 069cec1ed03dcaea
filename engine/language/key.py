"""One key of the flow language: what it is called, what it holds, what it means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a construct.

    ``holds`` names shapes: words of ``SHAPES``, names of constructs, ``map of …`` and ``list of …``; several where
    the author may choose. ``example`` is how the key and its value are written.
    """

    name: str
    holds: tuple[str, ...]
    meaning: str
    example: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """Something that is written as keys with values: a flow, a kind of node, a timeout.

    ``form`` is what the compiler says that it expected where it finds something else.
    """

    name: str
    meaning: str
    form: str
    keys: tuple[Key, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return every key that may stand here, in the order in which the compiler lists them."""
        return tuple(key.name for key in self.keys)

    @property
    def required(self) -> tuple[str, ...]:
        """Return the keys that must stand here."""
        return tuple(key.name for key in self.keys if key.required)


def must(name: str, holds: str, meaning: str, example: str) -> Key:
    """Return a key that must be written. *holds* lists its shapes, divided by ``|``: one line of a table."""
    return Key(name=name, holds=_shapes(holds), meaning=meaning, example=example, required=True)


def may(name: str, holds: str, meaning: str, example: str) -> Key:
    """Return a key that may be left out: one line of a table."""
    return Key(name=name, holds=_shapes(holds), meaning=meaning, example=example)


def construct(name: str, form: str, meaning: str, *keys: Key) -> Construct:
    """Return a construct: one table."""
    return Construct(name=name, meaning=meaning, form=form, keys=keys)


def _shapes(holds: str) -> tuple[str, ...]:
    return tuple(shape.strip() for shape in holds.split("|"))
