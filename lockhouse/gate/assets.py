"""The three files that our pages load: a stylesheet, a script, an icon; each named by the hash of its content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from lockhouse.gate.palette import accent_for

__all__ = ["Asset", "Assets", "load_assets"]

_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


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

    @property
    def by_name(self) -> Mapping[str, Asset]:
        """Return the assets by their names."""
        return MappingProxyType({asset.name: asset for asset in (self.style, self.script, self.icon)})


def load_assets(accent: str) -> Assets:
    """Read the files of this package and write the deployment's *accent* into them."""
    colours = accent_for(accent)
    inks = {
        "__ACCENT_LIGHT__": colours.light,
        "__ON_ACCENT_LIGHT__": colours.on_light,
        "__ACCENT_DARK__": colours.dark,
        "__ON_ACCENT_DARK__": colours.on_dark,
    }
    return Assets(
        style=_load("gate", "css", inks), script=_load("gate", "js", inks), icon=_load("favicon", "svg", inks)
    )


def _load(stem: str, ending: str, inks: Mapping[str, str]) -> Asset:
    text = (files("lockhouse.gate") / "static" / f"{stem}.{ending}").read_text("utf-8")
    for place, colour in inks.items():
        text = text.replace(place, colour)
    content = text.encode()
    name = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
    return Asset(name=name, media_type=_KINDS[ending], content=content)
