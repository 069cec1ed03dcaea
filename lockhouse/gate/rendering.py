"""Templates and headers: how a page leaves the server. Autoescaping is on for everything."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from lockhouse.gate.assets import Assets
from lockhouse.gate.remaining import TimeLeft, time_left
from lockhouse.gate.settings import GateSettings
from lockhouse.gate.wording import Wording

__all__ = ["HEADERS", "Renderer"]

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        # ciba.md: no-referrer would make browsers send "Origin: null" with our own forms.
        "Referrer-Policy": "strict-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
    }
)
"""What every answer of the gate carries."""

# From this many characters on, a text is set smaller: it is then read, not compared at a glance. From the second on it
# gets a box of its own to scroll in, so that the buttons stay within reach.
_LONG, _HUGE = 60, 600


class Renderer:
    """Draws pages of one deployment."""

    def __init__(self, *, settings: GateSettings, assets: Assets, wording: Wording) -> None:
        self.wording = wording
        self._zone = settings.time_zone
        self._templates = Environment(
            loader=PackageLoader("lockhouse.gate"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            site=settings, assets=assets, words=wording, t=wording.markup, long=_LONG, huge=_HUGE
        )

    def page(self, template: str, *, status: int, refresh: int | None = None, **values: Any) -> HTMLResponse:
        """Return *template* drawn with *values*; *refresh* reloads the page after so many seconds."""
        body = self._templates.get_template(f"{template}.html").render(refresh=refresh, **values)
        return HTMLResponse(body, status_code=status, headers=dict(HEADERS))

    def time_left(self, ends: datetime, now: datetime) -> TimeLeft:
        """Return what is left at *now* until *ends*, in this deployment's words and on its clocks."""
        return time_left(ends, now, zone=self._zone, wording=self.wording)
