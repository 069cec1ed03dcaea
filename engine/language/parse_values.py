"""Reading values, and the places that a flow goes on to."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contracts import frozen
from engine.language.expressions import compile_expression
from engine.language.graph import Case, Catch, MaxVisits, Retry, Say, Target, Timeout
from engine.language.keys import CASE, CATCH, MAX_VISITS, RETRY, SAY, TARGET, TIMEOUT
from engine.language.reading import Reading
from engine.language.terms import ExpressionInvalid
from engine.language.values import Expression, Literal, Structure, Value
from engine.language.yaml_tree import YamlBad, YamlList, YamlMap, YamlNode, YamlScalar, expression_span, plain_data

BACKOFF_LONGEST = "60s"


def read_value(reading: Reading, node: YamlNode | None) -> Value | None:
    """Return the value that *node* writes; None where a part of it is broken."""
    match node:
        case None | YamlBad():
            return None
        case YamlScalar(value=str() as text) if text.startswith("="):
            return _read_expression(reading, node, text[1:])
        case YamlScalar(value=value):
            return Literal(value)
        case YamlList(items=items):
            return _read_list(reading, node, items)
        case YamlMap():
            return _read_record(reading, node)


def _read_expression(reading: Reading, node: YamlScalar, source: str) -> Expression | None:
    try:
        return compile_expression(source)
    except ExpressionInvalid as error:
        span = expression_span(node, error.at, error.length)
        reading.findings.add(error.rule, span, error.message, hint=error.hint)
        return None


def _read_list(reading: Reading, node: YamlList, items: tuple[YamlNode, ...]) -> Value | None:
    parts = [read_value(reading, item) for item in items]
    whole = tuple(part for part in parts if part is not None)
    if len(whole) < len(parts):
        return None
    return Literal(plain_data(node)) if all(isinstance(part, Literal) for part in whole) else Structure(whole)


def _read_record(reading: Reading, node: YamlMap) -> Value | None:
    parts = {entry.key: read_value(reading, entry.value) for entry in node.entries}
    whole = {key: part for key, part in parts.items() if part is not None}
    if len(whole) < len(parts):
        return None
    literal = all(isinstance(part, Literal) for part in whole.values())
    return Literal(plain_data(node)) if literal else Structure(frozen(whole))


def read_values(reading: Reading, node: YamlNode | None, what: str) -> Mapping[str, Value]:
    """Return the values of a map from names; broken ones are noted and left out."""
    read = {entry.key: read_value(reading, entry.value) for entry in reading.named(node, what)}
    return frozen({name: value for name, value in read.items() if value is not None})


def read_target(reading: Reading, node: YamlNode | None) -> Target | None:
    """Return where *node* leads: written ``x`` or ``{to: x, set: …, say: …}``."""
    if node is None:
        return None
    if not isinstance(node, YamlMap):
        to = reading.text(node, "the name of a node, or {to: NODE, set: …, say: …}")
        return Target(to=to) if to is not None else None
    reading.construct(node, TARGET)
    to = reading.text(node.get("to"), "the name of a node")
    say_node = node.get("say")
    say = read_say(reading, say_node) if say_node is not None else None
    settings = read_values(reading, node.get("set"), "values")
    return Target(to=to, set=settings, say=say) if to is not None else None


def read_targets(reading: Reading, node: YamlNode | None) -> Mapping[str, Target]:
    """Return the routes of a node; broken ones are noted and left out."""
    read = {entry.key: read_target(reading, entry.value) for entry in reading.named(node, "nodes")}
    return frozen({name: target for name, target in read.items() if target is not None})


def read_say(reading: Reading, node: YamlNode) -> Say | None:
    """Return the message that *node* names: ``id`` or ``{id, params}``."""
    if not isinstance(node, YamlMap):
        text = reading.text(node, "the id of a text, or {id: …, params: …}")
        return Say(id=text) if text is not None else None
    reading.construct(node, SAY)
    text = reading.text(node.get("id"), "the id of a text")
    params = read_values(reading, node.get("params"), "values")
    return Say(id=text, params=params) if text is not None else None


def read_timeout(reading: Reading, node: YamlNode | None) -> Timeout | None:
    """Return the timeout that *node* writes: ``{after: 24h, to: x}`` or ``{at: =…, to: x}``."""
    found = reading.construct(node, TIMEOUT) if node is not None else None
    if found is None:
        return None
    after, at, to = found.entry("after"), found.entry("at"), read_target(reading, found.get("to"))
    if (after is None) == (at is None):
        message = "a timeout has either 'after' or 'at'" + (", not both" if after else "")
        reading.findings.add("LH202", at.key_span if at else found.span, message, hint="write {after: 24h, to: NODE}")
        return None
    length = reading.duration(after.value) if after else None
    moment = read_value(reading, at.value) if at else None
    return Timeout(after=length, at=moment, to=to) if to and (length is not None or moment is not None) else None


def read_max_visits(reading: Reading, node: YamlNode | None) -> MaxVisits | None:
    """Return the bound that *node* writes: ``{times: 3, to: x}``."""
    if node is None:
        return None
    found = reading.construct(node, MAX_VISITS)
    if found is None:
        return None
    times = reading.integer(found.get("times"), "'times'", 1, 10_000)
    to = read_target(reading, found.get("to"))
    return MaxVisits(times=times, to=to) if times is not None and to is not None else None


def read_cases(reading: Reading, node: YamlNode) -> tuple[Case, ...] | None:
    """Return the cases of a decision, or None where one of them is broken."""
    if not isinstance(node, YamlList):
        reading.map(node, "a list of cases, like [{when: =…, to: NODE}]")
        return None
    read = [_read_case(reading, item) for item in node.items]
    cases = tuple(case for case in read if case is not None)
    return cases if len(cases) == len(read) else None


def _read_case(reading: Reading, node: YamlNode) -> Case | None:
    found = reading.construct(node, CASE)
    when_node = found.get("when") if found else None
    if found is None or when_node is None:
        return None
    when = read_value(reading, when_node)
    if when is not None and not isinstance(when, Expression):
        reading.findings.add(
            "LH603", when_node.span, "'when' is a condition", hint="begin it with =, like =inputs.amount > 5"
        )
        return None
    rest = YamlMap(found.span, tuple(entry for entry in found.entries if entry.key in TARGET.names))
    target = read_target(reading, rest) if found.entry("to") else None
    return Case(when=when, target=target) if when is not None and target is not None else None


def read_retry(reading: Reading, node: YamlNode | None) -> Retry | None:
    """Return the retry that *node* writes."""
    if node is None:
        return None
    found = reading.construct(node, RETRY)
    attempts = reading.integer(found.get("attempts"), "'attempts'", 2, 100) if found else None
    if found is None or attempts is None:
        return None
    errors = reading.names(found.get("errors"), "kinds of faults")
    backoff, longest = reading.duration(found.get("backoff")), reading.duration(found.get("max"))
    factor = reading.number(found.get("factor"), "'factor'", 1, 100)
    jitter = reading.word(found.get("jitter"), "'jitter'", ("full", "none"))
    default = Retry.defaults()
    return Retry(
        errors=errors if errors is not None else default.errors,
        attempts=attempts,
        backoff=backoff if backoff is not None else default.backoff,
        factor=factor if factor is not None else default.factor,
        max=longest if longest is not None else default.max,
        jitter="none" if jitter == "none" else "full",
    )


def read_catch(reading: Reading, node: YamlNode | None) -> tuple[Catch, ...]:
    """Return the list of caught faults that *node* writes: ``[{errors: […], to: x}]``."""
    if node is None:
        return ()
    if not isinstance(node, YamlList):
        reading.map(node, "a list, like [{errors: [transient], to: NODE}]")
        return ()
    read = [_read_catch(reading, item) for item in node.items]
    return tuple(catch for catch in read if catch is not None)


def _read_catch(reading: Reading, node: YamlNode) -> Catch | None:
    found = reading.construct(node, CATCH)
    if found is None or found.entry("to") is None:
        return None
    rest = YamlMap(found.span, tuple(entry for entry in found.entries if entry.key in TARGET.names))
    target = read_target(reading, rest)
    errors = reading.names(found.get("errors"), "kinds of faults") or ()
    return Catch(errors=errors, target=target) if target is not None else None
