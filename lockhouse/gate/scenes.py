"""What is to be drawn for one request, and the drawing of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from engine import Step
from lockhouse.gate.controls import Problem
from lockhouse.gate.pages import WORDS, Page
from lockhouse.gate.rendering import Renderer
from lockhouse.gate.steps import Button, Notice, ShownItem, problem_lines, step_view
from lockhouse.gate.visits import Visit
from protocols.oauth2 import Landing

__all__ = ["AGAIN", "CONTINUE", "NOT_ME", "SIGN_OUT", "Scene", "draw", "draw_words"]

CONTINUE, NOT_ME, SIGN_OUT = "continue", "not_me", "sign_out"
AGAIN = "result.again"

_REFRESH = 2
_NAMES_THE_REQUESTER = frozenset(
    {Page.APPROVED, Page.DECLINED, Page.STOPPED, Page.LOCKED, Page.FINISHED, Page.EXPIRED, Page.FAILED}
)
# What this browser's person has decided is told in full; who only holds the link is told nothing of it.
_TELLS_ALL = frozenset({Page.APPROVED, Page.DECLINED})
_BUTTONS: Mapping[Page, str] = {Page.DISPLACED: CONTINUE, Page.WRONG_PERSON: SIGN_OUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A page, and how it differs from the plain one: its status, a notice, what was typed and what was wrong with it.

    Its repr leaves out what was typed.
    """

    page: Page
    visit: Visit
    step: Step | None = None
    status: int | None = None
    notices: tuple[Notice, ...] = ()
    refill: Mapping[str, Any] | None = None
    problems: Sequence[Problem] = ()

    def __repr__(self) -> str:
        return f"Scene(page={self.page.value!r}, status={self.status})"


def draw(renderer: Renderer, scene: Scene, *, path: str, csrf: str) -> Response:
    """Return the answer for *scene*; its forms go to *path* and carry *csrf*."""
    landing = scene.visit.landing
    if scene.page is Page.LANDING and landing is not None:
        return _draw_landing(renderer, scene, landing, path=path, csrf=csrf)
    if scene.page is Page.STEP and landing is not None and scene.step is not None:
        return _draw_step(renderer, scene, scene.step, path=path, csrf=csrf)
    if scene.page is Page.WORKING:
        return draw_words(renderer, Page.WORKING, path=path, link=AGAIN, refresh=_REFRESH)
    facts = _facts(renderer, scene, landing) if landing is not None else ()
    return draw_words(renderer, scene.page, facts=facts, path=path, csrf=csrf, button=_BUTTONS.get(scene.page, ""))


def draw_words(
    renderer: Renderer,
    page: Page,
    *,
    status: int | None = None,
    refresh: int | None = None,
    facts: Sequence[ShownItem] = (),
    path: str = "",
    csrf: str = "",
    button: str = "",
    link: str = "",
) -> Response:
    """Return a page that only says something, with at most one button or one link (a text's key) back to *path*."""
    words, wording = WORDS[page], renderer.wording
    return renderer.page(
        "result",
        status=status or words.status,
        refresh=refresh,
        page=page.value,
        mark=words.mark,
        facts=facts,
        path=path,
        csrf=csrf,
        button=Button(id=button, label=wording.plain(f"result.{button}"), style="primary") if button else None,
        link=wording.plain(link) if link else "",
    )


def _facts(renderer: Renderer, scene: Scene, landing: Landing) -> tuple[ShownItem, ...]:
    """Return what the request was, and what was decided, for the page at the end."""
    if scene.page not in _NAMES_THE_REQUESTER:
        return ()
    say = renderer.wording.plain
    facts = [ShownItem(name="requester", label=say("result.requester"), value=landing.requester)]
    if scene.page in _TELLS_ALL and landing.binding_message:
        facts.append(ShownItem(name="binding_message", label=say("result.message"), value=landing.binding_message))
    granted = scene.step.result.get("granted") if scene.step is not None else None
    if scene.page is Page.APPROVED and isinstance(granted, list | tuple):
        titles = {permission.name: permission.title for permission in landing.permissions}
        allowed = [titles.get(str(name), str(name)) for name in granted]
        facts.append(ShownItem(name="granted", label=say("result.granted"), value=allowed))
    return tuple(facts)


def _draw_landing(renderer: Renderer, scene: Scene, landing: Landing, *, path: str, csrf: str) -> Response:
    left = renderer.time_left(landing.expires_at, scene.visit.now)
    return renderer.page(
        "landing",
        status=scene.status or 200,
        refresh=left.seconds + 1,
        landing=landing,
        notices=scene.notices,
        csrf=csrf,
        path=path,
        left=left,
    )


def _draw_step(renderer: Renderer, scene: Scene, step: Step, *, path: str, csrf: str) -> Response:
    view = step_view(step, wording=renderer.wording, refill=scene.refill, problems=scene.problems)
    landing = scene.visit.landing
    ends = [at for at in (step.expires_at, None if landing is None else landing.expires_at) if at is not None]
    left = renderer.time_left(min(ends), scene.visit.now) if ends else None
    return renderer.page(
        "step",
        status=scene.status or 200,
        refresh=left.seconds + 1 if left else None,
        step=view,
        notices=(*scene.notices, *view.notices),
        problems=problem_lines(view, scene.problems, renderer.wording),
        csrf=csrf,
        path=path,
        left=left,
    )
