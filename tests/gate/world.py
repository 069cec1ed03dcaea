"""The world around the gate, small but honest: requests with links, journeys with two prompts, a clock that is set.

`Links` and `Journeys` keep the promises that the gate relies on: an attempt is opened only while the request is open,
the first password that is right claims, a step token is good once, nothing moves after the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
from starlette.applications import Starlette

from engine import InvalidFields, Step, StepConflict, StepGone, UnknownExecution
from engine.contracts import FieldProblem
from engine.storage import Database, Keyring, Unit
from lockhouse.gate import GateSettings, gate_routes
from protocols.oauth2 import Closed, Landing, Opened, Permission
from tests.fixtures.pages import Form, Page
from tests.gate.steps import ask_consent, ask_password, ask_sure

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LINK = "L" * 43
PASSWORD = "correct horse"
ISSUER = "https://id.example"


@dataclass(kw_only=True)
class Clock:
    """Shows the time that it was set to."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def advance(self, **passed: float) -> None:
        self.at += timedelta(**passed)


def open_request(**changes: Any) -> Landing:
    landing = Landing(
        request_id="r1",
        status="pending",
        requester="Blue Harbour Books",
        permissions=(
            Permission(name="openid", title="Know who you are", description=None, required=True),
            Permission(name="pay", title="Pay 12 €", description="Once", required=False),
        ),
        binding_message="Order 4711",
        created_at=NOON - timedelta(seconds=1),
        expires_at=NOON + timedelta(seconds=120),
        subject="ann",
        claimed_by=None,
        allowed=True,
    )
    return replace(landing, **changes)


@dataclass(kw_only=True)
class Journeys:
    """Executions, each at a step. `working` lists those whose next look says so."""

    clock: Clock
    links: "Links"
    steps: dict[str, Step] = field(default_factory=dict)
    submitted: list[Mapping[str, Any]] = field(default_factory=list)
    looks_that_work: int = 0

    async def inspect(self, execution: str, *, wait: float = 0) -> Step:
        if execution not in self.steps:
            raise UnknownExecution(execution)
        step = self.steps[execution]
        if self.looks_that_work:
            self.looks_that_work -= 1
            return Step(execution=execution, flow=step.flow, status="working")
        return step

    async def submit(self, execution: str, *, token: str, action: str, values: Mapping[str, Any]) -> Step:
        step = await self.inspect(execution)
        if step.status == "ended":
            raise StepGone(step)
        if token != step.token:
            raise StepConflict(step)
        self.submitted.append(values)
        self.steps[execution] = self._after(step, action, values)
        return self.steps[execution]

    async def cancel(self, execution: str, *, reason: str) -> Step:
        return self._end(execution, "cancelled", reason=reason)

    def _end(self, execution: str, outcome: str, **result: Any) -> Step:
        self.steps[execution] = Step(
            execution=execution, flow="login_approval", status="ended", outcome=outcome, result=result
        )
        return self.steps[execution]

    def _after(self, step: Step, action: str, values: Mapping[str, Any]) -> Step:
        match step.node, action:
            case "ask_password", "submit":
                return self._check(step, values)
            case "ask_password", "not_me":
                return ask_sure(step.execution)
            case "ask_sure", "submit":
                return self._stop(step, values)
            case "ask_consent", "allow":
                self.links.decide(LINK, "approved")
                return self._end(step.execution, "approved", granted=values["granted"])
            case "ask_consent", "deny":
                self.links.decide(LINK, "denied")
                return self._end(step.execution, "denied", by="person")
            case _:
                raise InvalidFields([FieldProblem(field="", code="action", message="this step has no such action")])

    def _check(self, step: Step, values: Mapping[str, Any]) -> Step:
        if "password" not in values:
            raise InvalidFields([FieldProblem(field="password", code="required", message="this must be given")])
        if values["password"] != PASSWORD:
            return ask_password(step.execution, attempt=int((step.token or "0")[-1]) + 1)
        self.links.claim(LINK, step.execution)
        return ask_consent(step.execution)

    def _stop(self, step: Step, values: Mapping[str, Any]) -> Step:
        if values.get("sure") != ["yes"]:
            raise InvalidFields([FieldProblem(field="sure", code="required", message="this must be given")])
        self.links.decide(LINK, "denied")
        return self._end(step.execution, "denied", by="not_me_unverified")


@dataclass(kw_only=True)
class Links:
    """Requests by their links."""

    requests: dict[str, Landing] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    way_back: dict[str, str] = field(default_factory=dict)
    journeys: "Journeys | None" = None
    most_open: int = 3

    def landing(self, unit: Unit, link: str, now: datetime) -> Landing | None:
        return self.requests.get(link)

    def open_attempt(self, unit: Unit, *, link: str, execution: str, now: datetime) -> Opened | Closed:
        request = self.requests.get(link)
        if request is None or request.status != "pending":
            return Closed(status=request.status if request else "unknown")
        if request.claimed_by is not None or not request.allowed:
            return Closed(status="claimed" if request.claimed_by else "unavailable")
        assert self.journeys is not None
        # Units may run twice; what they bring about is the same then.
        if execution not in self.opened:
            self.opened.append(execution)
        self.journeys.steps[execution] = ask_password(execution)
        return Opened(displaced=self.opened[-1 - self.most_open] if len(self.opened) > self.most_open else None)

    def leave(self, unit: Unit, *, link: str, execution: str, token: str, now: datetime) -> str | None:
        return self.way_back.get(execution)

    def claim(self, link: str, execution: str) -> None:
        self.requests[link] = replace(self.requests[link], claimed_by=execution)

    def decide(self, link: str, status: Any) -> None:
        self.requests[link] = replace(self.requests[link], status=status)


@dataclass(kw_only=True)
class World:
    """A gate, and what is behind it."""

    clock: Clock
    links: Links
    journeys: Journeys
    app: Starlette
    browsers: "list[Browser]" = field(default_factory=list)

    def browser(self) -> "Browser":
        """Return a new browser."""
        return Browser(self.app)


def make_world(database: Database, *, settings: GateSettings | None = None) -> World:
    clock = Clock()
    links = Links(requests={LINK: open_request()})
    journeys = Journeys(clock=clock, links=links)
    links.journeys = journeys
    routes = gate_routes(
        requests=links,
        engine=journeys,
        database=database,
        keyring=Keyring({"k1": bytes(32)}, "k1"),
        clock=clock,
        settings=settings or GateSettings(issuer=ISSUER),
    )
    return World(clock=clock, links=links, journeys=journeys, app=Starlette(routes=routes))


def with_csrf_of(form: Form, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return *pairs* with the CSRF token of *form*."""
    own = dict(form.pairs(None, {}))["csrf"]
    return [(name, own if name == "csrf" else value) for name, value in pairs]


class Browser:
    """A browser without a script: keeps cookies, sends Origin, follows redirects; `page` is what it shows."""

    def __init__(self, app: Starlette) -> None:
        transport = httpx2.ASGITransport(app=app)
        self.http = httpx2.AsyncClient(transport=transport, base_url=ISSUER, follow_redirects=True)
        self.page = Page(status=0, url="", headers={}, html="", text="", heading="", forms=())
        self.last: httpx2.Response | None = None

    async def open(self, path: str = f"/a/{LINK}") -> Page:
        return self._show(await self.http.get(path))

    async def press(self, wanted: str, **values: str) -> Page:
        form = next(form for form in self.page.forms if form.button(wanted))
        return await self.send(form, form.pairs(form.button(wanted), values))

    async def send(self, form: Form, pairs: list[tuple[str, str]], **headers: str) -> Page:
        named = {"Origin": ISSUER, "Content-Type": "application/x-www-form-urlencoded", **headers}
        content = urlencode(pairs)
        return self._show(await self.http.post(form.action, content=content, headers=named))

    def _show(self, response: httpx2.Response) -> Page:
        self.last, self.page = response, Page.of(response)
        return self.page

    @property
    def cookie(self) -> str:
        return self.http.cookies.get("__Host-lockhouse") or ""

    async def sign_in(self) -> Page:
        """Go from the landing page to the prompt after the password."""
        await self.open()
        await self.press("Continue")
        return await self.press("Sign in", password=PASSWORD)
