"""Any engine step as one page: what is shown, what is asked, which buttons there are. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import Step
from lockhouse.gate.controls import Control, Problem, controls_of, problem_text
from lockhouse.gate.wording import Wording

__all__ = ["Button", "Notice", "ProblemLine", "ShownItem", "StepView", "problem_lines", "step_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message above the page's content; `level` is info, warning or error."""

    level: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One action of a step."""

    id: str
    label: str
    submits: bool = True
    style: str = "secondary"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownItem:
    """One value that the person is to read. The one named `message` is set big."""

    name: str
    label: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemLine:
    """One line of the summary of what is wrong; `target` is the id of the control to go to."""

    target: str
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step as the template `step` draws it."""

    token: str
    title: str
    help: str
    shown: tuple[ShownItem, ...]
    controls: tuple[Control, ...]
    buttons: tuple[Button, ...]
    notices: tuple[Notice, ...]


def step_view(
    step: Step, *, wording: Wording, refill: Mapping[str, Any] | None = None, problems: Sequence[Problem] = ()
) -> StepView:
    """Return *step* as a page; *refill* and *problems* are what came back from a submit that was refused (422)."""
    return StepView(
        token=step.token or "",
        title=step.title.text if step.title else wording.plain("step.title"),
        help=step.help.text if step.help else "",
        shown=tuple(
            ShownItem(name=one.name, label=one.label, value=one.value) for one in step.show if not _is_empty(one.value)
        ),
        controls=controls_of(step.fields, wording=wording, refill=refill, problems=problems),
        buttons=_buttons(step),
        notices=tuple(Notice(level=one.level, text=one.text) for one in step.messages),
    )


def problem_lines(view: StepView, problems: Sequence[Problem], wording: Wording) -> tuple[ProblemLine, ...]:
    """Return the summary: a line for each control with a problem, then what belongs to none of them."""
    lines = [
        ProblemLine(target=control.id, label=control.label, text=" ".join(control.problems))
        for control in view.controls
        if control.problems
    ]
    known = {control.id.removeprefix("field-") for control in view.controls}
    homeless = [one for one in problems if one.field.replace("[", ".").split(".")[0] not in known]
    return (*lines, *(ProblemLine(target="", label="", text=problem_text(one, wording)) for one in homeless))


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {}, ())


def _buttons(step: Step) -> tuple[Button, ...]:
    # Submitting actions come first: Enter in a field takes the first button of a form. One button leads, not two.
    ordered = sorted(step.actions, key=lambda action: not action.submits)
    drawn = []
    for place, action in enumerate(ordered):
        leads = place == 0 and (action.submits or len(ordered) == 1)
        style = "danger" if action.style == "danger" else "primary" if leads else "secondary"
        drawn.append(Button(id=action.id, label=action.label, submits=action.submits, style=style))
    return tuple(drawn)
