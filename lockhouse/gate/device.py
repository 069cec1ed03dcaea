"""The page on which people type the code that a device shows them (RFC 8628 section 3.3). GET changes nothing."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engine import Clock
from engine.storage import Database, Unit
from lockhouse.gate.browser import Mac, csrf_passes, csrf_token, new_cookie, origin_passes, read_cookie, set_cookie
from lockhouse.gate.forms import FormRefused, PostedForm, read_form
from lockhouse.gate.rendering import HEADERS, Renderer
from lockhouse.gate.settings import GateSettings

__all__ = ["Codes", "DevicePage"]

_PATH = "/device"
_LONGEST = 32
# What a typed code came to, as the status of the page that says so.
_REFUSED: Mapping[str, int] = {"stale": 403, "wrong": 422, "too_many": 429}


class Codes(Protocol):
    """Whoever knows which codes wait for somebody."""

    def lead(self, unit: Unit, text: str, *, link: str, now: datetime) -> str:
        """Have *link* lead to the request of the code; return ``found``, ``wrong`` or ``too_many``."""
        ...


class DevicePage:
    """Answers GET and POST of `/device`."""

    def __init__(
        self, *, codes: Codes, database: Database, clock: Clock, renderer: Renderer, mac: Mac, settings: GateSettings
    ) -> None:
        self._codes, self._database, self._clock = codes, database, clock
        self._renderer, self._mac, self._settings = renderer, mac, settings

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route(_PATH, self.handle, methods=["GET", "POST"], name="device")]

    async def handle(self, request: Request) -> Response:
        """Ask for a code, or lead to the page of the request that it belongs to."""
        cookie = read_cookie(request.cookies, self._settings)
        if request.method != "POST":
            return self._page(cookie, typed=request.query_params.get("user_code", ""))
        try:
            form = await read_form(request)
        except FormRefused as refused:
            return self._page(cookie, problem="stale", status=refused.status)
        ours = origin_passes(request.headers, self._settings.origin)
        if not ours or not csrf_passes(self._mac, cookie, form.one("csrf")):
            return self._page(cookie, problem="stale")
        return await self._lead(cookie, form)

    async def _lead(self, cookie: str | None, form: PostedForm) -> Response:
        link, typed, now = secrets.token_urlsafe(32), form.one("user_code")[:_LONGEST], self._clock.now()
        came_to = await self._database.run(lambda unit: self._codes.lead(unit, typed, link=link, now=now))
        if came_to != "found":
            return self._page(cookie, typed=typed, problem=came_to)
        return RedirectResponse(f"/a/{link}", status_code=303, headers=dict(HEADERS))

    def _page(
        self, cookie: str | None, *, typed: str = "", problem: str | None = None, status: int | None = None
    ) -> Response:
        held = cookie or new_cookie()
        response = self._renderer.page(
            "device",
            status=status or _REFUSED.get(problem or "", 200),
            path=_PATH,
            csrf=csrf_token(self._mac, held),
            typed=typed[:_LONGEST],
            problem=problem,
        )
        if cookie is None:
            set_cookie(response, held, self._settings)
        return response
