"""Reads what a client wrote to say who is meant; ciba.md "Who is meant". Pure: it knows texts, not people.

Every value is brought into one form before it is hashed, so that ``Ann@Example.org`` and ``ann@example.org``,
or ``+49 170 1234567`` and ``+491701234567``, are the same key.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from lockhouse.directory.phones import as_phone

__all__ = [
    "HintKey",
    "HintKind",
    "NameInvalid",
    "as_email",
    "check_user_name",
    "readings",
]

_PHONE_LIKE = re.compile(r"^\+?[\d\s().\-/]{5,}$")
_EMAIL = re.compile(r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}$")
_USER_NAME = re.compile(r"^[\w.\-]+(?: [\w.\-]+)*$")
_MOST, _MOST_NAME = 512, 64


class HintKind(StrEnum):
    """What a value can be: the four ways to name a person."""

    SUBJECT = "sub"
    USER_NAME = "username"
    EMAIL = "email"
    PHONE = "tel"


class NameInvalid(ValueError):
    """A value cannot be kept for a person. The message says which and why."""

    code = "name_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class HintKey:
    """One way to read a hint, in its one form."""

    kind: HintKind
    value: str


def as_email(text: str) -> str | None:
    """Return *text* as an e-mail address in its one form, or None.

    >>> as_email(" Ann@Example.ORG ")
    'ann@example.org'
    """
    folded = unicodedata.normalize("NFC", text).strip().casefold()
    return folded if _EMAIL.match(folded) else None


def _as_user_name(text: str) -> str | None:
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    fits = len(folded) <= _MOST_NAME and _USER_NAME.match(folded)
    return folded if fits and not _PHONE_LIKE.match(folded) else None


def check_user_name(text: str) -> str:
    """Return *text* in its one form. Raise `NameInvalid` where it could be taken for something else.

    >>> check_user_name("Ann")
    'ann'
    """
    if "@" in text or as_email(text):
        raise NameInvalid("user name: looks like an e-mail address; leave out the @")
    if _PHONE_LIKE.match(text.strip()):
        raise NameInvalid("user name: looks like a telephone number; add a letter")
    form = _as_user_name(text)
    if form is None:
        raise NameInvalid("user name: expected 1 to 64 letters, digits, dots, hyphens, underscores or single spaces")
    return form


def readings(hint: str, country: str = "") -> tuple[HintKey, ...]:
    """Return every way to read *hint*: with a prefix the named one, without it all that fit.

    A telephone number without its country is one of *country*, if that is given.

    >>> [key.kind.value for key in readings("ann")]
    ['sub', 'username']
    >>> readings("email:Ann@example.org")[0].value
    'ann@example.org'
    """
    if len(hint) > _MOST or "\0" in hint:
        return ()
    prefix, colon, rest = hint.partition(":")
    if colon and prefix in set(HintKind):
        return _fitting(rest, (HintKind(prefix),), country)
    return _fitting(hint, tuple(HintKind), country)


def _fitting(text: str, kinds: tuple[HintKind, ...], country: str) -> tuple[HintKey, ...]:
    keys = ((kind, _form(kind, text, country)) for kind in kinds)
    return tuple(HintKey(kind=kind, value=value) for kind, value in keys if value)


def _form(kind: HintKind, text: str, country: str) -> str | None:
    match kind:
        case HintKind.SUBJECT:
            return text or None
        case HintKind.USER_NAME:
            return _as_user_name(text)
        case HintKind.EMAIL:
            return as_email(text)
        case HintKind.PHONE:
            return as_phone(text, country)
