"""Small graphs for tests, built without a file: as the compiler would make them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.contracts import Contract, parse_fields
from engine.language import (
    CallNode,
    Case,
    Catch,
    Deadline,
    DecideNode,
    EndNode,
    Graph,
    Literal,
    LiteralTexts,
    MaxVisits,
    Node,
    PromptField,
    PromptNode,
    Retry,
    Say,
    SignalDeclaration,
    Structure,
    Target,
    TaskNode,
    Timeout,
    Value,
    WaitNode,
    compile_expression,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)

CHECK = Contract.declare(
    name="check",
    summary="Checks a password.",
    effect="external",
    inputs={"subject": "id", "password": "password"},
    outcomes={"right": {"subject": "id", "at": "time"}, "wrong": {"left": "integer"}},
    takes_key=True,
)
NOTIFY = Contract.declare(
    name="notify",
    summary="Sends a message.",
    effect="transactional",
    inputs={"recipient": "id", "until": "time"},
    outcomes={"accepted": {"channel": "string"}, "undeliverable": {"reason": "string"}},
    defers=True,
)
BOOK = Contract.declare(
    name="book",
    summary="Books something.",
    effect="external",
    inputs={"what": "string"},
    outcomes={"booked": {"reference": "string"}},
    takes_key=True,
)
COUNT = Contract.declare(
    name="count",
    summary="Counts in the database.",
    effect="transactional",
    inputs={"what": "string"},
    outcomes={"counted": {"total": "integer"}},
)
CONTRACTS = {contract.name: contract for contract in (CHECK, NOTIFY, BOOK, COUNT)}


def value(raw: Any) -> Value:
    """Return what a flow would write: ``=x`` is an expression."""
    match raw:
        case str() if raw.startswith("="):
            return compile_expression(raw[1:])
        case Mapping():
            return Structure({name: value(part) for name, part in raw.items()})
        case _:
            return Literal(raw)


def values(raw: Mapping[str, Any]) -> dict[str, Value]:
    return {name: value(part) for name, part in raw.items()}


def to(node: str, *, say: str | None = None, params: Mapping[str, Any] | None = None, **written: Any) -> Target:
    said = None if say is None else Say(id=say, params=values(params or {}))
    return Target(to=node, set=values(written), say=said)


def routes(raw: Mapping[str, str | Target]) -> dict[str, Target]:
    return {outcome: to(target) if isinstance(target, str) else target for outcome, target in raw.items()}


def prompt(
    node: str,
    ways: Mapping[str, str | Target],
    *,
    fields: Mapping[str, Any] | None = None,
    submits: tuple[str, ...] = ("submit",),
    choose: Mapping[str, Any] | None = None,
    **more: Any,
) -> PromptNode:
    declared = parse_fields(fields or {})
    asked = {
        name: PromptField(declaration=part, choose=value(choose[name]) if choose and name in choose else None)
        for name, part in declared.items()
    }
    more.setdefault("texts", LiteralTexts(title=node))
    return PromptNode(id=node, fields=asked, submits=submits, routes=routes(ways), **more)


def task(
    node: str,
    executor: str,
    ways: Mapping[str, str | Target],
    *,
    given: Mapping[str, Any] | None = None,
    catch: tuple[Catch, ...] = (),
    retry: Retry | None = None,
    **more: Any,
) -> TaskNode:
    return TaskNode(
        id=node,
        executor=executor,
        contract=CONTRACTS[executor],
        arguments=values(given or {}),
        catch=catch,
        retry=retry,
        routes=routes(ways),
        **more,
    )


def decide(node: str, cases: list[tuple[str, str | Target]], otherwise: str | Target, **more: Any) -> DecideNode:
    return DecideNode(
        id=node,
        cases=tuple(
            Case(when=compile_expression(when), target=to(way) if isinstance(way, str) else way) for when, way in cases
        ),
        otherwise=to(otherwise) if isinstance(otherwise, str) else otherwise,
        **more,
    )


def end(node: str, outcome: str, **fields: Any) -> EndNode:
    return EndNode(id=node, outcome=outcome, fields=values(fields))


def wait(node: str, signal: str, target: str | Target, **more: Any) -> WaitNode:
    return WaitNode(id=node, signal=signal, routes=routes({"signalled": target}), **more)


def call(
    node: str, callee: Graph, ways: Mapping[str, str | Target], *, given: Mapping[str, Any], **more: Any
) -> CallNode:
    return CallNode(
        id=node,
        flow=callee.name,
        major=callee.major,
        callee=callee.digest,
        inputs=callee.inputs,
        outcomes=callee.outcomes,
        arguments=values(given),
        routes=routes(ways),
        **more,
    )


def after(span: timedelta, target: str | Target) -> Timeout:
    return Timeout(after=span, to=to(target) if isinstance(target, str) else target)


def at_most(times: int, target: str) -> MaxVisits:
    return MaxVisits(times=times, to=to(target))


def retry(
    attempts: int = 3, *, backoff: float = 1, errors: tuple[str, ...] = ("transient",), jitter: Any = "none"
) -> Retry:
    return Retry(
        errors=errors,
        attempts=attempts,
        backoff=timedelta(seconds=backoff),
        factor=2,
        max=timedelta(seconds=30),
        jitter=jitter,
    )


def flow(
    name: str,
    *nodes: Node,
    inputs: Mapping[str, Any] | None = None,
    outcomes: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    signals: Mapping[str, SignalDeclaration] | None = None,
    deadline: tuple[str, str] | None = None,
) -> Graph:
    return Graph(
        name=name,
        version="1.0.0",
        digest=f"digest-of-{name}",
        title=name,
        kind=None,
        inputs=parse_fields(inputs or {}),
        outcomes={outcome: parse_fields(fields) for outcome, fields in (outcomes or {"done": {}}).items()},
        variables=parse_fields(variables or {}),
        signals=signals or {},
        deadline=None if deadline is None else Deadline(at=value(deadline[0]), to=deadline[1]),
        start=nodes[0].id,
        nodes={node.id: node for node in nodes},
    )


LOGIN = flow(
    "login",
    prompt(
        "ask",
        {"submit": "check", "not_me": "refused"},
        fields={"password": {"type": "password"}},
        max_visits=at_most(3, "locked"),
        timeout=after(timedelta(minutes=4), "late"),
    ),
    task(
        "check",
        "check",
        {"right": "agree", "wrong": to("ask", say="login.wrong", params={"left": "=steps.check.left"})},
        given={"subject": "=inputs.subject", "password": "=steps.ask.password"},
        retry=retry(3, errors=("transient",)),
    ),
    prompt(
        "agree",
        {"allow": "done", "deny": "refused"},
        fields={"granted": {"type": "list of id"}},
        choose={"granted": "=inputs.permissions"},
        submits=("allow",),
    ),
    end("done", "approved", granted="=steps.agree.granted", at="=steps.check.at"),
    end("refused", "denied"),
    end("locked", "locked"),
    end("late", "expired"),
    inputs={"subject": "id", "permissions": "list of json", "expires_at": "time"},
    outcomes={"approved": {"granted": "list of string", "at": "time"}, "denied": {}, "locked": {}, "expired": {}},
    deadline=("=inputs.expires_at", "late"),
)
SEND = flow(
    "send",
    task(
        "tell",
        "notify",
        {"accepted": "sent", "undeliverable": "lost"},
        given={"recipient": "=inputs.recipient", "until": "=inputs.until"},
    ),
    end("sent", "sent", channel="=steps.tell.channel"),
    end("lost", "undeliverable", reason="=steps.tell.reason"),
    inputs={"recipient": "id", "until": "time"},
    outcomes={"sent": {"channel": "string"}, "undeliverable": {"reason": "string"}},
)
EXPENSE = flow(
    "expense",
    decide("size", [("inputs.amount > 1000", "tell")], "book"),
    call(
        "tell",
        SEND,
        {"sent": "ask", "undeliverable": "late"},
        given={"recipient": "=inputs.manager", "until": "=inputs.until"},
        timeout=after(timedelta(hours=2), "late"),
    ),
    prompt(
        "ask",
        {"allow": "book", "deny": "no"},
        submits=("allow", "deny"),
        fields={"why": {"type": "string", "max": 20, "optional": True}},
        timeout=after(timedelta(hours=24), "again"),
        by=value("=inputs.manager"),
    ),
    decide("again", [("vars.reminders < 2", to("tell", reminders="=vars.reminders + 1"))], "late"),
    task(
        "book",
        "book",
        {"booked": "heard"},
        given={"what": "trip"},
        retry=retry(),
        catch=(Catch(errors=("refused",), target=to("no")),),
    ),
    wait("heard", "paid", "done", timeout=after(timedelta(hours=1), "late")),
    end("done", "paid", reference="=steps.heard.reference"),
    end("no", "refused"),
    end("late", "late"),
    inputs={"amount": "integer", "manager": "id", "until": "time"},
    variables={"reminders": {"type": "integer", "default": 0}},
    outcomes={"paid": {"reference": "string"}, "refused": {}, "late": {}},
    signals={
        "paid": SignalDeclaration(
            sender=value("=inputs.manager"), payload=parse_fields({"reference": "string"}), early="keep"
        )
    },
)
COUNTING = flow(
    "counting",
    task("one", "count", {"counted": "two"}, given={"what": "a"}),
    task("two", "count", {"counted": "book"}, given={"what": "b"}),
    task("book", "book", {"booked": "three"}, given={"what": "=inputs.what"}, retry=retry(3)),
    task("three", "count", {"counted": "done"}, given={"what": "c"}),
    end("done", "done", reference="=steps.book.reference", total="=steps.three.total"),
    inputs={"what": "string"},
    outcomes={"done": {"reference": "string", "total": "integer"}},
)
GRAPHS = {graph.digest: graph for graph in (LOGIN, SEND, EXPENSE, COUNTING)}
