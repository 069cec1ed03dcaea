"""The files that our pages load: a stylesheet, a script, an icon, perhaps a logo; named by hashes of their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from lockhouse.gate.palette import accent_for

__all__ = ["Asset", "Assets", "LogoInvalid", "load_assets"]

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_PICTURES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg"}
# A page with its files weighs at most 60 KB.
_LARGEST_LOGO = 32 * 1024


class LogoInvalid(Exception):
    """The logo cannot be shown; the message says why and what to do."""

    code = "logo_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file as it is served."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """All files, by the name under which they are served."""

    style: Asset
    script: Asset
    icon: Asset
    logo: Asset | None = None
    logo_dark: Asset | None = None

    @property
    def by_name(self) -> Mapping[str, Asset]:
        """Return the assets by their names."""
        return MappingProxyType(
            {
                asset.name: asset
                for asset in (self.style, self.script, self.icon, self.logo, self.logo_dark)
                if asset is not None
            }
        )


def load_assets(accent: str, *, logo: Path | None = None, logo_dark: Path | None = None) -> Assets:
    """Read the files of this package, write the deployment's *accent* into them, and read its logos.

    Raises `LogoInvalid`.
    """
    colours = accent_for(accent)
    inks = {
        "__ACCENT_LIGHT__": colours.light,
        "__ON_ACCENT_LIGHT__": colours.on_light,
        "__ACCENT_DARK__": colours.dark,
        "__ON_ACCENT_DARK__": colours.on_dark,
    }
    return Assets(
        style=_load("gate", "css", inks),
        script=_load("gate", "js", inks),
        icon=_load("favicon", "svg", inks),
        logo=_picture(logo) if logo else None,
        logo_dark=_picture(logo_dark) if logo_dark else None,
    )


def _load(stem: str, ending: str, inks: Mapping[str, str]) -> Asset:
    text = (files("lockhouse.gate") / "static" / f"{stem}.{ending}").read_text("utf-8")
    for place, colour in inks.items():
        text = text.replace(place, colour)
    content = text.encode()
    return _named(stem, f".{ending}", _KINDS[ending], content)


def _picture(file: Path) -> Asset:
    ending = file.suffix.lower()
    if ending not in _PICTURES:
        raise LogoInvalid(f"expected one of {', '.join(_PICTURES)}, found {file.name}; convert it")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise LogoInvalid(f"expected a picture at {file}, found none that can be read ({error.strerror})") from error
    if len(content) > _LARGEST_LOGO:
        raise LogoInvalid(
            f"expected at most {_LARGEST_LOGO} bytes, found {len(content)} in {file.name}; make it smaller"
        )
    return _named("logo", ending, _PICTURES[ending], content)


def _named(stem: str, ending: str, media_type: str, content: bytes) -> Asset:
    name = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{ending}"
    return Asset(name=name, media_type=media_type, content=content)
