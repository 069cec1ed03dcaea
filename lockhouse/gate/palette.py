"""Colours that can be read: the deployment's accent, moved until it stands out from the page, and the ink upon it."""

__all__ = ["Accent", "accent_for", "contrast"]

from dataclasses import dataclass

_WHITE = (255, 255, 255)
_BLACK = (16, 21, 27)
_LIGHT_PAPER = "#ffffff"
_DARK_PAPER = "#182029"
# WCAG 2.2, 1.4.3: text needs 4.5:1.
_READABLE = 4.5

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accent:
    """The accent on light and on dark paper, each with the ink that is written upon it."""

    light: str
    on_light: str
    dark: str
    on_dark: str


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2).

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((_luminance(_parse(one)), _luminance(_parse(other))))
    return round((high + 0.05) / (low + 0.05), 2)


def accent_for(colour: str) -> Accent:
    """Return *colour*, darkened for light paper and lightened for dark paper as far as reading needs it.

    >>> accent_for("#1f5f8b").light
    '#1f5f8b'
    """
    light = _until_readable(_parse(colour), _LIGHT_PAPER, towards=_BLACK)
    dark = _until_readable(_parse(colour), _DARK_PAPER, towards=_WHITE)
    return Accent(light=light, on_light=_ink_on(light), dark=dark, on_dark=_ink_on(dark))


def _until_readable(colour: Rgb, paper: str, *, towards: Rgb) -> str:
    for tenth in range(11):
        mixed = _write(_mix(colour, towards, tenth / 10))
        if contrast(mixed, paper) >= _READABLE:
            return mixed
    return _write(towards)


def _ink_on(colour: str) -> str:
    return max((_write(_WHITE), _write(_BLACK)), key=lambda ink: contrast(ink, colour))


def _mix(colour: Rgb, towards: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, towards, strict=True))
    return red, green, blue


def _parse(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _write(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
