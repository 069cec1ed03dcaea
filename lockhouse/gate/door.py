"""The shell of the gate: reads a request, asks what there is, lets `pages` decide, acts, and draws.

A form that was taken is answered by 303 to the same address, so that "reload" never sends it again. A form that was
not taken is answered with the page that helps: 422 with the problems, 409 with the current step.
"""

import logging
import re
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engine import InvalidFields, Step, StepConflict, StepGone, UnknownExecution
from engine.storage import OutcomeUnknown, Overloaded, StorageUnavailable
from lockhouse.gate.browser import Mac, csrf_passes, csrf_token, new_cookie, origin_passes, read_cookie, set_cookie
from lockhouse.gate.controls import Problem
from lockhouse.gate.forms import FormRefused, PostedForm, read_form, submitted_values
from lockhouse.gate.pages import Page, choose_page, page_when_closed
from lockhouse.gate.ports import Journeys
from lockhouse.gate.rendering import HEADERS, Renderer
from lockhouse.gate.scenes import AGAIN, NOT_ME, SIGN_OUT, Scene, draw, draw_words
from lockhouse.gate.settings import GateSettings
from lockhouse.gate.steps import Notice
from lockhouse.gate.visits import AttemptRefused, Visit, Visits

__all__ = ["Door"]

_log = logging.getLogger(__name__)

_LINK = re.compile(r"[A-Za-z0-9_-]{43}")
# How long a page waits for a task that works, before it says "one moment" and asks the browser to come again.
_PATIENCE = 4.0
_CHOOSE = Problem(field="", code="action", message="please use one of the buttons")


@dataclass(frozen=True, slots=True, repr=False)
class _Call:
    """One request of a browser. Without a repr: link and cookie are secrets."""

    link: str
    cookie: str
    known: bool

    @property
    def path(self) -> str:
        return f"/a/{self.link}"


class Door:
    """Answers GET and POST of `/a/{token}`."""

    def __init__(
        self, *, visits: Visits, journeys: Journeys, renderer: Renderer, mac: Mac, settings: GateSettings
    ) -> None:
        self._visits, self._journeys, self._renderer = visits, journeys, renderer
        self._mac, self._settings = mac, settings

    async def handle(self, request: Request) -> Response:
        """Show where the request stands for this browser (GET, changes nothing), or take a form of ours (POST)."""
        call = self._call(request)
        if call is None:
            return draw_words(self._renderer, Page.UNKNOWN)
        try:
            if request.method != "POST":
                return await self._answer(call, await self._look(call))
            return await self._post(request, call)
        except (OutcomeUnknown, Overloaded, StorageUnavailable):
            busy = draw_words(self._renderer, Page.BUSY, path=call.path, link=AGAIN)
            busy.headers["Retry-After"] = "2"
            return busy

    def _call(self, request: Request) -> _Call | None:
        link = request.path_params["token"]
        if not _LINK.fullmatch(link):
            return None
        cookie = read_cookie(request.cookies, self._settings)
        return _Call(link, cookie or new_cookie(), cookie is not None)

    async def _post(self, request: Request, call: _Call) -> Response:
        try:
            form = await read_form(request)
        except FormRefused as refused:
            return draw_words(self._renderer, Page.BAD_FORM, status=refused.status)
        ours = origin_passes(request.headers, self._settings.origin)
        if not ours or not csrf_passes(self._mac, call.cookie if call.known else None, form.one("csrf")):
            _log.warning("gate.form_refused", extra={"reason": "csrf" if ours else "origin"})
            return draw_words(self._renderer, Page.STALE, path=call.path, link=AGAIN)
        if form.one("action") == SIGN_OUT and "step" not in form:
            await self._visits.sign_out(call.cookie)
            return self._back(call, cookie=new_cookie())
        scene = await self._look(call)
        return await (self._submit(call, scene, form) if "step" in form else self._start(call, scene, form))

    async def _look(self, call: _Call) -> Scene:
        visit = await self._visits.look(link=call.link, cookie=call.cookie if call.known else None)
        step = await self._step(visit.execution)
        if step is not None:
            # The step may have moved the request, or a deadline may have: the record is read after the step.
            visit = await self._visits.again(visit, link=call.link)
        return Scene(page=_choose(visit, step), visit=visit, step=step)

    async def _step(self, execution: str | None) -> Step | None:
        if execution is None:
            return None
        try:
            step = await self._journeys.inspect(execution)
            return await self._journeys.inspect(execution, wait=_PATIENCE) if step.status == "working" else step
        except UnknownExecution:
            return None

    async def _start(self, call: _Call, scene: Scene, form: PostedForm) -> Response:
        if scene.page in {Page.STEP, Page.WORKING}:
            return self._back(call)
        if scene.page not in {Page.LANDING, Page.DISPLACED}:
            return await self._answer(call, scene)
        visit = scene.visit
        try:
            opened = await self._visits.open(visit, link=call.link, cookie=call.cookie, instead_of=visit.execution)
        except AttemptRefused as refused:
            return await self._answer(call, Scene(page=page_when_closed(refused.status), visit=visit))
        if opened.displaced is not None:
            await self._journeys.cancel(opened.displaced, reason="displaced")
        if form.one("action") == NOT_ME:
            await self._decline(call)
        return self._back(call)

    async def _decline(self, call: _Call) -> None:
        """Take the step's own "not me", where it has one that submits nothing: it was said on the first page."""
        step = (await self._look(call)).step
        if step is None or not any(action.id == NOT_ME and not action.submits for action in step.actions):
            return
        try:
            await self._journeys.submit(step.execution, token=step.token or "", action=NOT_ME, values={})
        except (StepConflict, StepGone):
            return  # another request of this browser was faster; the page shows what is

    async def _submit(self, call: _Call, scene: Scene, form: PostedForm) -> Response:
        execution = scene.visit.execution
        if execution is None and scene.page is Page.LANDING:
            return await self._answer(call, replace(scene, status=409, notices=(self._say("lost"),)))
        if execution is None or scene.page not in {Page.STEP, Page.WORKING}:
            return await self._answer(call, scene)
        if not form.one("action"):
            return await self._answer(call, replace(scene, status=422, problems=(_CHOOSE,)))
        return await self._hand_in(call, scene, execution, form)

    async def _hand_in(self, call: _Call, scene: Scene, execution: str, form: PostedForm) -> Response:
        values = submitted_values(form)
        try:
            await self._journeys.submit(execution, token=form.one("step"), action=form.one("action"), values=values)
        except StepConflict:
            return await self._answer(
                call, replace(await self._look(call), status=409, notices=(self._say("moved_on"),))
            )
        except (StepGone, UnknownExecution):
            return await self._answer(call, await self._look(call))
        except InvalidFields as invalid:
            problems = [Problem(field=one.field, code=one.code, message=one.message) for one in invalid.problems]
            again = replace(await self._look(call), status=422, refill=values, problems=problems)
            return await self._answer(call, again)
        visit = await self._visits.again(scene.visit, link=call.link)
        return self._back(call, cookie=await self._visits.sign_in(visit, link=call.link))

    async def _answer(self, call: _Call, scene: Scene) -> Response:
        cookie = await self._visits.sign_in(scene.visit, link=call.link)
        if scene.step is not None and scene.step.status == "ended":
            address = await self._visits.leave(scene.visit, link=call.link)
            if address is not None:
                return self._send(scene, address, cookie)
        csrf = csrf_token(self._mac, cookie or call.cookie)
        response = draw(self._renderer, scene, path=call.path, csrf=csrf)
        if cookie is not None or not call.known:
            set_cookie(response, cookie or call.cookie, self._settings)
        return response

    def _send(self, scene: Scene, address: str, cookie: str | None) -> Response:
        """Send the browser on, to an address that the protocol layer answers for.

        By a page and not by a redirect: after a form, our own policy lets a browser be redirected to ourselves only.
        """
        landing = scene.visit.landing
        response = self._renderer.page(
            "leaving", status=200, address=address, requester=landing.requester if landing else ""
        )
        if cookie is not None:
            set_cookie(response, cookie, self._settings)
        return response

    def _say(self, notice: str) -> Notice:
        return Notice(level="warning", text=self._renderer.wording.plain(f"notices.{notice}"))

    def _back(self, call: _Call, *, cookie: str | None = None) -> Response:
        response = RedirectResponse(call.path, status_code=303, headers=dict(HEADERS))
        if cookie is not None:
            set_cookie(response, cookie, self._settings)
        return response


def _choose(visit: Visit, step: Step | None) -> Page:
    return choose_page(
        landing=visit.landing, mine=visit.execution, step=step, signed_in_as=visit.signed_in_as, now=visit.now
    )
