"""What a plain scalar means, and which ones are refused because tools read them differently.

YAML 1.2's core, narrowed: ``true``, ``false`` and decimal numbers resolve; everything else is text, or an error where
a YAML 1.1 tool would read something else than text.
"""

import re
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,20})?", re.ASCII)
_WORDS: Final = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})
_NULLS: Final = frozenset({"~", "null", "Null", "NULL"})
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", re.ASCII)
_SPACED_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ \t]+[0-9].*", re.ASCII)
_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", re.ASCII)
_ODD_NUMBERS: Final = re.compile(
    r"[-+]?0[0-7_]+|[-+]?0o[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0b[01_]+"
    r"|[-+]?[0-9][0-9_]*|[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*([eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plain scalar is an error, and what to write instead."""

    code: str
    message: str
    hint: str


def resolve(text: str) -> str | int | float | bool | Refusal:
    """Return what the plain scalar *text* means, or why it must not be written so.

    >>> resolve("12"), resolve("1.0.0"), resolve("yes").code
    (12, '1.0.0', 'LH110')
    """
    if text in {"true", "false"}:
        return text == "true"
    if match := _NUMBER.fullmatch(text):
        return _number(text, whole=match[2] is None)
    return _refusal(text) or text


def _number(text: str, *, whole: bool) -> int | float:
    return int(text) if whole else float(text)


def _refusal(text: str) -> Refusal | None:
    if text in _NULLS or not text:
        return _null(text)
    if text.lower() in _WORDS:
        return Refusal(
            "LH110",
            f"some tools read a plain {text} as true or false, others as a text",
            f'write "{text}" in quotes for the text, or true or false',
        )
    if _DATE.fullmatch(text) or _SPACED_TIME.fullmatch(text):
        return Refusal(
            "LH113", f"some tools read a plain {text} as a date, others as a text", f'write "{text}" in quotes'
        )
    if _SEXAGESIMAL.fullmatch(text) or _ODD_NUMBERS.fullmatch(text):
        return Refusal(
            "LH111",
            f"tools do not agree on which number {text[:30]} is, or whether it is one",
            f'write a plain decimal number like 12 or 0.5, or "{text[:30]}" in quotes for the text',
        )
    return None


def _null(text: str) -> Refusal:
    if text:
        return Refusal(
            "LH114", f"there is no {text} in this language", 'leave the key out, or write "" for an empty text'
        )
    return Refusal("LH114", "nothing is written here", 'write a value, leave the key out, or write "" or {}')
