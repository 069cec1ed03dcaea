"""Colours that can be read: the deployment's accent, moved until it stands out from the page, and the ink upon it."""

__all__ = ["Accent", "accent_advice", "accent_for", "contrast"]

from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass

_WHITE = (255, 255, 255)
_BLACK = (16, 21, 27)
# Every ground that the accent may stand on, as in gate.css: card, page, box.
LIGHT_PAPERS = ("#ffffff", "#f4f6f8", "#f1f5f9")
DARK_PAPERS = ("#182029", "#0e141a", "#202b36")
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
    light = _until_readable(colour, LIGHT_PAPERS, step=-0.01)
    dark = _until_readable(colour, DARK_PAPERS, step=0.01)
    return Accent(light=light, on_light=_ink_on(light), dark=dark, on_dark=_ink_on(dark))


def accent_advice(colour: str) -> str:
    """Return what an operator is to know about *colour*: that light pages show another one; else nothing.

    Dark pages always may show a lighter one: no colour can be read on both white and near black as it is.

    >>> accent_advice("#1f5f8b")
    ''
    """
    shown = accent_for(colour).light
    if shown == colour.lower():
        return ""
    worst = min(contrast(colour, paper) for paper in LIGHT_PAPERS)
    return (
        f"expected a colour with a contrast of at least {_READABLE}:1 to white pages, found {colour} with {worst}:1; "
        f"pages show {shown} instead: set that, or another dark colour"
    )


def _until_readable(colour: str, papers: tuple[str, ...], *, step: float) -> str:
    """Move the lightness of *colour* by *step* until it can be read; hue and saturation stay."""
    hue, lightness, saturation = rgb_to_hls(*(part / 255 for part in _parse(colour)))
    shown = colour.lower()
    while any(contrast(shown, paper) < _READABLE for paper in papers):
        lightness = min(1.0, max(0.0, lightness + step))
        red, green, blue = (round(255 * part) for part in hls_to_rgb(hue, lightness, saturation))
        shown = _write((red, green, blue))
    return shown


def _ink_on(colour: str) -> str:
    return max((_write(_WHITE), _write(_BLACK)), key=lambda ink: contrast(ink, colour))


def _parse(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _write(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
