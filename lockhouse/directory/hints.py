"""Reads what a client wrote to say who is meant; ciba.md "Who is meant". Pure: it knows texts, not people.

Every value is brought into one form before it is hashed, so that ``Ann@Example.org`` and ``ann@example.org``,
or ``+49 170 12`` and ``+4917012``, are the same key.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "HintKey",
    "HintKind",
    "NameInvalid",
    "as_email",
    "as_phone",
    "check_user_name",
    "readings",
]

_PHONE_LIKE = re.compile(r"^\+?[\d\s().\-/]{5,}$")
_PHONE = re.compile(r"^\+[1-9]\d{6,14}$")  # E.164
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


def as_phone(text: str) -> str | None:
    """Return *text* as a telephone number with its country, in its one form, or None.

    >>> as_phone("+49 (170) 123-45-67"), as_phone("0170 1234567")
    ('+491701234567', None)
    """
    digits = re.sub(r"[\s().\-/]", "", text)
    number = f"+{digits[2:]}" if digits.startswith("00") else digits
    return number if _PHONE.match(number) else None


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


def readings(hint: str) -> tuple[HintKey, ...]:
    """Return every way to read *hint*: with a prefix the named one, without it all that fit.

    >>> [key.kind.value for key in readings("ann")]
    ['sub', 'username']
    >>> readings("email:Ann@example.org")[0].value
    'ann@example.org'
    """
    if len(hint) > _MOST or "\0" in hint:
        return ()
    prefix, colon, rest = hint.partition(":")
    if colon and prefix in set(HintKind):
        return _fitting(rest, (HintKind(prefix),))
    return _fitting(hint, tuple(HintKind))


def _fitting(text: str, kinds: tuple[HintKind, ...]) -> tuple[HintKey, ...]:
    keys = ((kind, _form(kind, text)) for kind in kinds)
    return tuple(HintKey(kind=kind, value=value) for kind, value in keys if value)


def _form(kind: HintKind, text: str) -> str | None:
    match kind:
        case HintKind.SUBJECT:
            return text or None
        case HintKind.USER_NAME:
            return _as_user_name(text)
        case HintKind.EMAIL:
            return as_email(text)
        case HintKind.PHONE:
            return as_phone(text)
