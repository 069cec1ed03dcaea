"""What is to be drawn for one request, and the drawing of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from engine import Step
from lockhouse.gate.controls import Problem
from lockhouse.gate.pages import WORDS, Page
from lockhouse.gate.remaining import time_left
from lockhouse.gate.rendering import Renderer
from lockhouse.gate.steps import Button, Notice, problem_lines, step_view
from lockhouse.gate.visits import Visit

__all__ = ["CONTINUE", "NOT_ME", "SIGN_OUT", "Scene", "draw", "draw_words"]

CONTINUE, NOT_ME, SIGN_OUT = "continue", "not_me", "sign_out"

_REFRESH = 2
_NAMES_THE_REQUESTER = frozenset(
    {Page.APPROVED, Page.DECLINED, Page.STOPPED, Page.LOCKED, Page.FINISHED, Page.EXPIRED, Page.FAILED}
)
_BUTTONS: Mapping[Page, Button] = {
    Page.DISPLACED: Button(id=CONTINUE, label="Continue here"),
    Page.WRONG_PERSON: Button(id=SIGN_OUT, label="Sign out and continue"),
}


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
        return _draw_landing(renderer, scene, path=path, csrf=csrf)
    if scene.page is Page.STEP and landing is not None and scene.step is not None:
        return _draw_step(renderer, scene, scene.step, path=path, csrf=csrf)
    if scene.page is Page.WORKING:
        return draw_words(renderer, Page.WORKING, path=path, link="Show the page again", refresh=_REFRESH)
    requester = landing.requester if landing is not None and scene.page in _NAMES_THE_REQUESTER else ""
    button = _BUTTONS.get(scene.page)
    return draw_words(renderer, scene.page, requester=requester, path=path, csrf=csrf, button=button)


def draw_words(
    renderer: Renderer,
    page: Page,
    *,
    status: int | None = None,
    refresh: int | None = None,
    requester: str = "",
    path: str = "",
    csrf: str = "",
    button: Button | None = None,
    link: str = "",
) -> Response:
    """Return a page that only says something, with at most one button or one link back to *path*."""
    words = WORDS[page]
    return renderer.page(
        "result",
        status=status or words.status,
        refresh=refresh,
        words=words,
        requester=requester,
        path=path,
        csrf=csrf,
        button=button,
        link=link,
    )


def _draw_landing(renderer: Renderer, scene: Scene, *, path: str, csrf: str) -> Response:
    landing = scene.visit.landing
    if landing is None:
        return draw_words(renderer, Page.UNKNOWN)
    left = time_left(landing.expires_at, scene.visit.now)
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
    view = step_view(step, refill=scene.refill, problems=scene.problems)
    landing = scene.visit.landing
    ends = [at for at in (step.expires_at, None if landing is None else landing.expires_at) if at is not None]
    left = time_left(min(ends), scene.visit.now) if ends else None
    return renderer.page(
        "step",
        status=scene.status or 200,
        refresh=left.seconds + 1 if left else None,
        step=view,
        notices=(*scene.notices, *view.notices),
        problems=problem_lines(view, scene.problems),
        csrf=csrf,
        path=path,
        left=left,
    )
