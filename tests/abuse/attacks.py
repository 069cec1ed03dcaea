"""What a test of an attack says of itself: who tries what, and what stops them. docs/threats.md is made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

T = TypeVar("T", bound=Callable[..., object])
Who = Literal[
    "a malicious client that is registered",
    "somebody who holds the link and not the password",
    "a mail scanner",
    "another person who is signed in",
    "a hostile notification endpoint",
    "a hostile server of keys",
    "a hostile server of logos",
    "somebody who poses as the TLS terminator",
    "a thief of tokens",
    "somebody who starts flows",
    "a reader of the database",
    "a reader of the logs",
]
EVERYBODY: tuple[Who, ...] = get_args(Who)
ATTACK = "attack"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack. ``stopped_by`` says what it meets, in the words of the design."""

    who: Who
    tries: str
    stopped_by: str


def attack(who: Who, tries: str, stopped_by: str) -> Callable[[T], T]:
    """Mark a test as the one of an attack."""

    def mark(test: T) -> T:
        setattr(test, ATTACK, Attack(who, tries, stopped_by))
        return test

    return mark
