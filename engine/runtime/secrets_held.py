"""Typed secrets: their handles, and the keyed hashes by which a repeated answer is recognised."""

import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from engine.execution import Handle
from engine.language import PromptNode
from engine.storage import Keyring


def hide(node: PromptNode, values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return *values* with a handle in place of each typed secret."""
    held = held_names(node, values)
    return {name: Handle(_name(prefix, name)) if name in held else value for name, value in values.items()}


def texts_of(values: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return every text of *values* by the handle that it would have, before anybody knows which are secrets."""
    return {_name(prefix, name): value for name, value in values.items() if isinstance(value, str)}


def _name(prefix: str, name: str) -> str:
    return f"{prefix}.{name}"


def held_names(node: PromptNode, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which of *values* are typed secrets."""
    return tuple(
        name
        for name, asked in node.fields.items()
        if asked.declaration.held and isinstance(values.get(name), str) and values[name]
    )


def reveal(arguments: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return *arguments* with the texts in place of their handles, or None where one of them is gone."""
    revealed = {name: texts.get(value.id) if isinstance(value, Handle) else value for name, value in arguments.items()}
    return None if any(value is None for value in revealed.values()) else revealed


class BodyHash:
    """The keyed hash of what was submitted.

    Secrets enter it under a key that only this process's memory holds: what is stored tells nothing about them, and
    after a restart a repetition with a secret counts as another body.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._key = os.urandom(32)

    def of(self, action: str, values: Mapping[str, Any], held: tuple[str, ...]) -> str:
        """Return the hash of this answer, where *held* names its secrets."""
        public = {name: value for name, value in values.items() if name not in held}
        secret = {name: value for name, value in values.items() if name in held}
        inner = hmac.digest(self._key, canonical(secret), "sha256") if secret else b""
        return self._keyring.mac("engine.body", action, canonical(public), inner).hex()


def canonical(values: Mapping[str, Any]) -> bytes:
    """Return *values* as bytes that are the same for the same values."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=str).encode()


def step_token(keyring: Keyring, execution: str, position: str) -> str:
    """Return the token of one step: derived from execution, frames, node and visit, never stored."""
    return keyring.mac("engine.step", execution, position).hex()[:43]
