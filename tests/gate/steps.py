"""Steps as an engine gives them, for drawing and for the small world of these tests."""

from typing import Any

from engine import Step
from engine.runtime.steps import Choice, FormField, Shown, StepAction, StepMessage, Text

SHOW = (
    Shown(name="requester", label="Requested by", type="string", value="Blue Harbour Books"),
    Shown(name="message", label="Compare this", type="string", value="Order 4711"),
)


def text(words: str) -> Text:
    return Text(text=words)


def action(name: str, label: str, *, submits: bool = True) -> StepAction:
    return StepAction(id=name, label=label, submits=submits, style="primary" if submits else "secondary")


def field(name: str, kind: str, **options: Any) -> FormField:
    given = {"label": name.capitalize(), "required": True, **options}
    return FormField(name=name, type=kind, **given)


def prompt(*fields: FormField, execution: str = "e1", node: str = "ask", token: str = "t1", **options: Any) -> Step:
    given = {"title": text("A question"), "actions": (action("submit", "Send"),), **options}
    return Step(execution=execution, flow="f", status="prompt", token=token, node=node, fields=fields, **given)


def ask_password(execution: str, *, attempt: int = 1) -> Step:
    wrong = StepMessage(id="login.wrong", level="warning", text="That was not right.")
    return prompt(
        field("password", "password", label="Password", autocomplete="current-password"),
        execution=execution,
        node="ask_password",
        token=f"password-{attempt}",
        title=text("Sign in"),
        show=SHOW,
        actions=(action("submit", "Sign in"), action("not_me", "Not me", submits=False)),
        messages=(wrong,) if attempt > 1 else (),
    )


def ask_sure(execution: str) -> Step:
    return prompt(
        field("sure", "list of id", label="Are you sure?", choices=(Choice(name="yes", title="It was not me"),)),
        execution=execution,
        node="ask_sure",
        token="sure-1",
        title=text("Stop this request?"),
        actions=(action("submit", "Stop it"), action("back", "Back", submits=False)),
    )


def ask_consent(execution: str) -> Step:
    choices = (
        Choice(name="openid", title="Know who you are", required=True),
        Choice(name="pay", title="Pay 12 €", description="Once"),
    )
    return prompt(
        field("granted", "list of id", label="What you allow", choices=choices, default=["openid", "pay"]),
        execution=execution,
        node="ask_consent",
        token="consent-1",
        title=text("Do you allow this?"),
        show=SHOW,
        actions=(action("allow", "Allow"), action("deny", "Deny", submits=False)),
    )
