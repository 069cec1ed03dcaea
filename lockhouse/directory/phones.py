"""Brings telephone numbers, however they are written, into their one form (E.164). Pure.

What the world's numbering plans look like is `phonenumbers`' knowledge. A number counts where its plan has numbers
of that length: plans grow faster than lists of ranges, so a range that the list lacks is no mistake.
"""

import re
import unicodedata
from typing import Final

__all__ = ["PhoneInvalid", "as_phone", "is_country", "read_phone"]

_MOST: Final = 64
_E164: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_TEL: Final = re.compile(r"tel:", re.IGNORECASE)
# What people write between digits; letters, extensions and names are no number that a message can go to.
_BETWEEN: Final = frozenset("+()[]./-~")


class PhoneInvalid(ValueError):
    """A text is no telephone number. The message says what was expected and why it is none."""

    code = "phone_invalid"


def as_phone(text: str, country: str = "") -> str | None:
    """Return *text* in its one form, or None; a number without its country is one of *country*, if that is given.

    >>> as_phone("+49 (170) 123-45-67"), as_phone("0170 1234567"), as_phone("0170 1234567", "DE")
    ('+491701234567', None, '+491701234567')
    """
    try:
        return read_phone(text, country)
    except PhoneInvalid:
        return None


def read_phone(text: str, country: str = "") -> str:
    """Return *text* in its one form. Raise `PhoneInvalid` for what is none."""
    written = _plain(text)
    if written is None:
        raise PhoneInvalid("expected digits with spaces, dashes, dots or brackets, such as +49 170 1234567")
    if not country and written.startswith("00"):
        written = f"+{written[2:]}"  # where no country says otherwise, 00 is how the ITU wants one to begin
    if not country and not written.lstrip("([ ").startswith("+"):
        raise PhoneInvalid(
            "expected a number with its country, such as +49 170 1234567; or set sms.default_country for the others"
        )
    return _in_one_form(written, country)


def is_country(code: str) -> bool:
    """Say whether *code* is a country with telephone numbers.

    >>> is_country("DE"), is_country("XX")
    (True, False)
    """
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - takes a tenth of a second: only for whom it is

    return code in SUPPORTED_REGIONS


def _plain(text: str) -> str | None:
    """Return digits and separators in their ASCII forms, or None where there is something else or too much of it."""
    text = _TEL.sub("", text.strip(), count=1) if len(text) <= _MOST else ""
    plain = "".join(map(_ascii, text))
    if "?" in plain or not any(map(str.isdigit, plain)):
        return None
    return plain.strip()


def _ascii(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category in {"Zs", "Cf"}:
        return " " if category == "Zs" else ""
    wide = unicodedata.normalize("NFKC", character)
    if category == "Pd" or wide == "\u2212":
        return "-"
    return wide if wide in _BETWEEN else "?"


def _in_one_form(written: str, country: str) -> str:
    from phonenumbers import (  # noqa: PLC0415 - as above
        NumberParseException,
        PhoneNumberFormat,
        ValidationResult,
        format_number,
        is_possible_number_with_reason,
        parse,
    )

    try:
        number = parse(written, country or None)
    except NumberParseException as error:
        raise PhoneInvalid("expected a telephone number with a country that exists, such as +49 170 1234567") from error
    reason = is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        short = {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}
        found = "too few digits" if reason in short else "digits that it has not"
        raise PhoneInvalid(f"expected a whole number of country +{number.country_code}, found {found}")
    form: str = format_number(number, PhoneNumberFormat.E164)
    if not _E164.fullmatch(form):
        raise PhoneInvalid("expected 7 to 15 digits with the country's")
    return form
