"""The one renderer: every type of field as a control, whatever the flow."""

from dataclasses import replace
from typing import Any

import pytest
from jinja2 import Environment, PackageLoader, StrictUndefined

from engine import Step
from engine.runtime.steps import Choice, Shown
from lockhouse.gate.controls import LOOKS, Control, Option, Problem, controls_of, problem_text
from lockhouse.gate.forms import parse_form, submitted_values
from lockhouse.gate.steps import problem_lines, step_view
from lockhouse.gate.wording import load_wording
from tests.gate.steps import SHOW, action, field, prompt

WORDING = load_wording("en")
HOSTILE = '"><img src=x onerror=alert(1)>&amp;\u202e\u0000<b>مرحبا 🇩🇪'
EVERY_TYPE = (*LOOKS, "list of string", "list of id", "list of integer", "one of a, b", "{name, title}", "permission")


def control(kind: str, **options: Any) -> Control:
    refill, problems = options.pop("refill", None), options.pop("problems", ())
    return controls_of((field("f", kind, **options),), wording=WORDING, refill=refill, problems=problems)[0]


def drawn(step: Step, **options: Any) -> str:
    templates = Environment(
        loader=PackageLoader("lockhouse.gate"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    parts = vars(templates.get_template("parts.html").make_module({"long": 60, "huge": 600, "t": WORDING.markup}))
    view = step_view(step, wording=WORDING, **options)
    return "".join(map(str, [parts["shown_list"](view.shown), *(parts["field"](one) for one in view.controls)]))


@pytest.mark.parametrize(
    ("kind", "draw", "input_type", "name"),
    [
        ("string", "input", "text", "f:text"),
        ("id", "input", "text", "f:text"),
        ("url", "input", "url", "f:text"),
        ("email", "input", "email", "f:text"),
        ("phone", "input", "tel", "f:text"),
        ("password", "input", "password", "f:text"),
        ("code", "input", "text", "f:text"),
        ("integer", "input", "number", "f:integer"),
        ("number", "input", "number", "f:number"),
        ("boolean", "check", "text", "f:boolean"),
        ("time", "input", "datetime-local", "f:time"),
        ("duration", "input", "text", "f:text"),
        ("json", "area", "text", "f:json"),
        ("list of string", "area", "text", "f:lines"),
        ("list of integer", "area", "text", "f:json"),
        ("permission", "area", "text", "f:json"),
    ],
)
def test_each_type_has_its_control(kind: str, draw: str, input_type: str, name: str) -> None:
    one = control(kind)
    assert (one.draw, one.input_type, one.name) == (draw, input_type, name)


@pytest.mark.parametrize("kind", EVERY_TYPE)
def test_every_type_can_be_drawn_with_texts_of_anybody(kind: str) -> None:
    html = drawn(prompt(field("f", kind, label=HOSTILE, default=HOSTILE)))
    assert "<img" not in html
    assert "<b>" not in html
    assert 'for="field-f"' in html
    assert 'id="field-f"' in html


@pytest.mark.parametrize("kind", EVERY_TYPE)
def test_every_type_can_be_drawn_with_choices_of_anybody(kind: str) -> None:
    choices = tuple(Choice(name=f"{HOSTILE}{n}", title=HOSTILE, description=HOSTILE, required=n == 0) for n in range(9))
    html = drawn(prompt(field("f", kind, choices=choices)))
    assert "<img" not in html
    assert "<b>" not in html


@pytest.mark.parametrize("kind", ["password", "code"])
@pytest.mark.parametrize("source", [{"refill": {"f": "canary"}}, {"default": "canary"}])
def test_a_secret_is_never_filled_in(kind: str, source: dict[str, Any]) -> None:
    assert control(kind, **source).value == ""


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("string", "a", "a"),
        ("integer", 0, "0"),
        ("number", 1.5, "1.5"),
        ("boolean", True, "true"),
        ("boolean", False, ""),
        ("time", "2030-01-01T12:00:00Z", "2030-01-01T12:00:00"),
        ("time", "2030-01-01T12:00:00+00:00", "2030-01-01T12:00:00"),
        ("list of string", ["a", "b"], "a\nb"),
        ("json", {"a": [1]}, '{\n  "a": [\n    1\n  ]\n}'),
        ("json", "{broken", "{broken"),
        ("integer", "seven", "seven"),
    ],
)
def test_what_is_filled_in_comes_back_as_it_was(kind: str, value: Any, text: str) -> None:
    assert control(kind, default=value).value == text
    assert control(kind, default="other", refill={"f": value}).value == text


def test_a_field_that_was_emptied_stays_empty() -> None:
    assert control("string", default="from the flow", refill={}).value == ""


@pytest.mark.parametrize(
    ("kind", "value"), [("string", "a b"), ("integer", 7), ("boolean", True), ("time", "2030-01-01T12:00:00Z")]
)
def test_what_is_drawn_can_be_read(kind: str, value: Any) -> None:
    one = control(kind, default=value)
    read = submitted_values(parse_form(f"{one.name}={one.value}".encode()))
    assert read == {"f": "2030-01-01T12:00:00+00:00" if kind == "time" else value}


def test_many_of_a_list_are_boxes_and_required_ones_are_fixed() -> None:
    choices = (Choice(name="a", title="A", required=True), Choice(name="b", title="B", description="about b"))
    one = control("list of id", choices=choices, default=["b"])
    assert one.draw == "checks"
    assert one.options == (
        Option(value="a", title="A", chosen=True, fixed=True),
        Option(value="b", title="B", about="about b", chosen=True),
    )
    html = drawn(prompt(field("f", "list of id", choices=choices)))
    assert '<input type="hidden" name="f:list" value="a">' in html
    assert html.count("disabled") == 1


def test_a_box_that_was_unticked_stays_unticked() -> None:
    choices = (Choice(name="a", title="A", required=True), Choice(name="b", title="B"))
    one = control("list of id", choices=choices, default=["a", "b"], refill={"f": ["a"]})
    assert [option.chosen for option in one.options] == [True, False]


@pytest.mark.parametrize(("number", "draw"), [(2, "radios"), (6, "radios"), (7, "select")])
def test_one_of_a_few_are_radio_buttons_and_one_of_many_is_a_list(number: int, draw: str) -> None:
    choices = tuple(Choice(name=f"c{n}", title=f"C{n}", required=True) for n in range(number))
    one = control("one of c0, c1", choices=choices, default="c1")
    assert one.draw == draw
    assert [option.value for option in one.options if option.chosen] == ["c1"]
    assert not any(option.fixed for option in one.options)


def test_a_list_with_nothing_to_choose_is_no_free_text() -> None:
    assert control("list of id", choices=()).draw == "checks"


@pytest.mark.parametrize(
    ("kind", "constraints", "attributes"),
    [
        ("string", {"min": 2, "max": 9, "pattern": "[a-z]+"}, {"minlength": "2", "maxlength": "9"}),
        ("integer", {"min": 0, "max": 9}, {"min": "0", "max": "9", "step": "1"}),
        ("number", {"max": 0.5}, {"max": "0.5", "step": "any"}),
        ("time", {"min": 1}, {}),
    ],
)
def test_limits_are_told_to_the_browser_too(kind: str, constraints: Any, attributes: dict[str, str]) -> None:
    assert control(kind, constraints=constraints).attributes == attributes


def test_problems_stand_at_their_fields_and_are_described() -> None:
    problems = (
        Problem(field="f[1]", code="choice", message="not one of the choices"),
        Problem(field="other", code="required", message="this must be given"),
    )
    one = control("list of string", problems=problems)
    assert one.problems == ("Please choose from the list.",)
    assert one.described_by == "field-f-hint field-f-problem"
    html = drawn(prompt(field("f", "list of string")), problems=problems)
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="field-f-hint field-f-problem"' in html
    assert 'id="field-f-problem"' in html


def test_the_summary_leads_to_each_field_and_keeps_what_belongs_to_none() -> None:
    problems = (
        Problem(field="f", code="max", message="at most 9"),
        Problem(field="gone", code="unknown", message="no field has this name"),
        Problem(field="", code="action", message="please use one of the buttons"),
    )
    view = step_view(prompt(field("f", "integer")), wording=WORDING, problems=problems)
    assert [(line.target, line.text) for line in problem_lines(view, problems, WORDING)] == [
        ("field-f", "At most 9."),
        ("", "No field has this name."),
        ("", "Please use one of the buttons."),
    ]


def test_the_button_that_submits_comes_first_and_only_one_leads() -> None:
    step = prompt(actions=(action("no", "No", submits=False), action("a", "A"), action("b", "B")))
    view = step_view(step, wording=WORDING)
    assert [(button.id, button.style, button.submits) for button in view.buttons] == [
        ("a", "primary", True),
        ("b", "secondary", True),
        ("no", "secondary", False),
    ]


def test_a_single_button_leads_also_where_it_submits_nothing() -> None:
    assert (
        step_view(prompt(actions=(action("ok", "OK", submits=False),)), wording=WORDING).buttons[0].style == "primary"
    )


def test_a_problem_without_words_of_ours_is_told_in_the_engines() -> None:
    assert (
        problem_text(Problem(field="a", code="required", message="this must be given"), WORDING)
        == "Please fill this in."
    )
    assert problem_text(Problem(field="a", code="max", message="at most 9"), WORDING) == "At most 9."


def test_what_is_empty_is_not_shown_and_the_message_is_big() -> None:
    nothing = Shown(name="note", label="Note", type="string", value="")
    html = drawn(prompt(show=(*SHOW, nothing)))
    assert "Note" not in html
    assert html.count("headline") == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "Yes"),
        (12, "12"),
        (["a", "b"], "<li>"),
        ({"name": "pay", "title": "Pay", "description": "once"}, "once"),
        ([{"name": "pay", "title": "Pay"}], "Pay"),
        ({"reference": HOSTILE}, "reference"),
    ],
)
def test_any_value_can_be_shown(value: Any, words: str) -> None:
    html = drawn(prompt(show=(Shown(name="x", label="X", type="string", value=value),)))
    assert words in html
    assert "<img" not in html


def test_a_step_without_a_title_still_has_a_heading() -> None:
    assert step_view(replace(prompt(), title=None), wording=WORDING).title
