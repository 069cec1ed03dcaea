"""Nodes, targets and values as JSON, and back: expressions by their source, everything else as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from engine.contracts import Contract, Declaration, format_duration, frozen, parse_duration
from engine.language.expressions import compile_expression
from engine.language.nodes import (
    CallNode,
    Case,
    Catch,
    DecideNode,
    EndNode,
    LiteralTexts,
    MaxVisits,
    Node,
    PromptField,
    PromptNode,
    Retry,
    Say,
    SignalDeclaration,
    Target,
    TaskNode,
    Timeout,
    WaitNode,
)
from engine.language.values import Expression, Literal, Structure, Value, named

T = TypeVar("T")
Json = dict[str, Any]


def value_to_json(value: Value) -> Json:
    """Return *value* as JSON, an expression by its source."""
    match value:
        case Literal(constant):
            return {"literal": constant}
        case Expression(source=source):
            return {"expression": source}
        case Structure(parts) if isinstance(parts, tuple):
            return {"list": [value_to_json(part) for part in parts]}
        case Structure(parts):
            return {"record": {name: value_to_json(part) for name, part in named(parts)}}


def value_from_json(raw: Mapping[str, Any]) -> Value:
    """Return the value that ``value_to_json`` wrote."""
    match raw:
        case {"literal": constant}:
            return Literal(constant)
        case {"expression": source}:
            return compile_expression(source)
        case {"list": parts}:
            return Structure(tuple(value_from_json(part) for part in parts))
        case {"record": parts}:
            return Structure(_values_from_json(parts))
        case _:
            raise ValueError("this is not a value of a compiled flow: was it written by another version?")


def each(mapping: Mapping[str, T], convert: Callable[[T], Any]) -> Json:
    """Return *mapping* with every value converted."""
    return {name: convert(part) for name, part in mapping.items()}


def frozen_each(raw: Mapping[str, Any], convert: Callable[[Any], T]) -> Mapping[str, T]:
    """Return *raw*, read-only, with every value converted."""
    return frozen({name: convert(part) for name, part in raw.items()})


def declarations_to_json(declarations: Mapping[str, Declaration]) -> Json:
    """Return *declarations* as JSON."""
    return each(declarations, Declaration.to_json)


def declarations_from_json(raw: Mapping[str, Any]) -> Mapping[str, Declaration]:
    """Return what ``declarations_to_json`` wrote."""
    return frozen_each(raw, Declaration.from_json)


def _values_from_json(raw: Mapping[str, Any]) -> Mapping[str, Value]:
    return frozen_each(raw, value_from_json)


def _optional(convert: Callable[[T], Any], part: T | None) -> Any:
    return None if part is None else convert(part)


def _optional_value(value: Value | None) -> Json | None:
    return None if value is None else value_to_json(value)


def signal_to_json(signal: SignalDeclaration) -> Json:
    """Return *signal* as JSON."""
    payload = declarations_to_json(signal.payload)
    return {"sender": value_to_json(signal.sender), "payload": payload, "early": signal.early}


def signal_from_json(raw: Mapping[str, Any]) -> SignalDeclaration:
    """Return what ``signal_to_json`` wrote."""
    payload = declarations_from_json(raw["payload"])
    return SignalDeclaration(sender=value_from_json(raw["sender"]), payload=payload, early=raw["early"])


def _target_to_json(target: Target) -> Json:
    say = {"id": target.say.id, "params": each(target.say.params, value_to_json)} if target.say else None
    return {"to": target.to, "set": each(target.set, value_to_json), "say": say}


def _target_from_json(raw: Mapping[str, Any]) -> Target:
    say = raw["say"] and Say(id=raw["say"]["id"], params=_values_from_json(raw["say"]["params"]))
    return Target(to=raw["to"], set=_values_from_json(raw["set"]), say=say)


def _timeout_to_json(timeout: Timeout) -> Json:
    return {
        "after": _optional(format_duration, timeout.after),
        "at": _optional_value(timeout.at),
        "to": _target_to_json(timeout.to),
    }


def _timeout_from_json(raw: Mapping[str, Any]) -> Timeout:
    return Timeout(
        after=_optional(parse_duration, raw["after"]),
        at=_optional(value_from_json, raw["at"]),
        to=_target_from_json(raw["to"]),
    )


def _visits_to_json(visits: MaxVisits) -> Json:
    return {"times": visits.times, "to": _target_to_json(visits.to)}


def _visits_from_json(raw: Mapping[str, Any]) -> MaxVisits:
    return MaxVisits(times=raw["times"], to=_target_from_json(raw["to"]))


def _retry_to_json(retry: Retry) -> Json:
    return {
        "errors": list(retry.errors),
        "attempts": retry.attempts,
        "backoff": format_duration(retry.backoff),
        "factor": retry.factor,
        "max": format_duration(retry.max),
        "jitter": retry.jitter,
    }


def _retry_from_json(raw: Mapping[str, Any]) -> Retry:
    backoff: timedelta = parse_duration(raw["backoff"])
    return Retry(
        errors=tuple(raw["errors"]),
        attempts=raw["attempts"],
        backoff=backoff,
        factor=raw["factor"],
        max=parse_duration(raw["max"]),
        jitter=raw["jitter"],
    )


def _texts_to_json(texts: str | LiteralTexts) -> Any:
    if isinstance(texts, str):
        return texts
    labels = {"fields": dict(texts.fields), "actions": dict(texts.actions), "show": dict(texts.show)}
    return {"title": texts.title, "help": texts.help, **labels}


def _texts_from_json(raw: Any) -> str | LiteralTexts:
    if isinstance(raw, str):
        return raw
    labels = {name: frozen(raw[name]) for name in ("fields", "actions", "show")}
    return LiteralTexts(title=raw["title"], help=raw["help"], **labels)


def _field_to_json(asked: PromptField) -> Json:
    return {
        "declaration": asked.declaration.to_json(),
        "choose": _optional_value(asked.choose),
        "default": _optional_value(asked.default),
    }


def _field_from_json(raw: Mapping[str, Any]) -> PromptField:
    return PromptField(
        declaration=Declaration.from_json(raw["declaration"]),
        choose=_optional(value_from_json, raw["choose"]),
        default=_optional(value_from_json, raw["default"]),
    )


def _targets(items: Sequence[Mapping[str, Any]]) -> list[Target]:
    return [_target_from_json(part["target"]) for part in items]


def node_to_json(node: Node) -> Json:
    """Return *node* as JSON, with its kind."""
    common = {
        "timeout": _optional(_timeout_to_json, node.timeout),
        "max_visits": _optional(_visits_to_json, node.max_visits),
        "routes": each(node.routes, _target_to_json),
    }
    return {**_own_to_json(node), **common}


def _own_to_json(node: Node) -> Json:
    match node:
        case TaskNode():
            return {
                "kind": "task",
                "executor": node.executor,
                "contract": node.contract.to_json(),
                "arguments": each(node.arguments, value_to_json),
                "retry": _optional(_retry_to_json, node.retry),
                "catch": [{"errors": list(part.errors), "target": _target_to_json(part.target)} for part in node.catch],
            }
        case PromptNode():
            return {
                "kind": "prompt",
                "texts": _texts_to_json(node.texts),
                "show": each(node.show, value_to_json),
                "fields": each(node.fields, _field_to_json),
                "submits": list(node.submits),
                "by": _optional_value(node.by),
            }
        case DecideNode():
            cases = [{"when": case.when.source, "target": _target_to_json(case.target)} for case in node.cases]
            return {"kind": "decide", "cases": cases, "otherwise": _target_to_json(node.otherwise)}
        case CallNode():
            return {
                "kind": "call",
                "flow": node.flow,
                "major": node.major,
                "callee": node.callee,
                "inputs": declarations_to_json(node.inputs),
                "outcomes": each(node.outcomes, declarations_to_json),
                "arguments": each(node.arguments, value_to_json),
                "catch": [{"errors": list(part.errors), "target": _target_to_json(part.target)} for part in node.catch],
            }
        case WaitNode():
            return {"kind": "wait", "signal": node.signal}
        case EndNode():
            return {"kind": "end", "outcome": node.outcome, "fields": each(node.fields, value_to_json)}


def node_from_json(name: str, raw: Mapping[str, Any]) -> Node:
    """Return the node *name* that ``node_to_json`` wrote."""
    common = {
        "id": name,
        "timeout": _optional(_timeout_from_json, raw["timeout"]),
        "max_visits": _optional(_visits_from_json, raw["max_visits"]),
        "routes": frozen_each(raw["routes"], _target_from_json),
    }
    return _READERS[raw["kind"]](raw, common)


def _catch_from_json(raw: Mapping[str, Any]) -> tuple[Catch, ...]:
    return tuple(Catch(errors=tuple(part["errors"]), target=_target_from_json(part["target"])) for part in raw["catch"])


def _task_from_json(raw: Mapping[str, Any], common: Json) -> Node:
    return TaskNode(
        executor=raw["executor"],
        contract=Contract.from_json(raw["contract"]),
        arguments=_values_from_json(raw["arguments"]),
        retry=_optional(_retry_from_json, raw["retry"]),
        catch=_catch_from_json(raw),
        **common,
    )


def _prompt_from_json(raw: Mapping[str, Any], common: Json) -> Node:
    return PromptNode(
        texts=_texts_from_json(raw["texts"]),
        show=_values_from_json(raw["show"]),
        fields=frozen_each(raw["fields"], _field_from_json),
        submits=tuple(raw["submits"]),
        by=_optional(value_from_json, raw["by"]),
        **common,
    )


def _decide_from_json(raw: Mapping[str, Any], common: Json) -> Node:
    cases = tuple(
        Case(when=compile_expression(part["when"]), target=target)
        for part, target in zip(raw["cases"], _targets(raw["cases"]), strict=True)
    )
    return DecideNode(cases=cases, otherwise=_target_from_json(raw["otherwise"]), **common)


def _call_from_json(raw: Mapping[str, Any], common: Json) -> Node:
    return CallNode(
        flow=raw["flow"],
        major=raw["major"],
        callee=raw["callee"],
        inputs=declarations_from_json(raw["inputs"]),
        outcomes=frozen_each(raw["outcomes"], declarations_from_json),
        arguments=_values_from_json(raw["arguments"]),
        catch=_catch_from_json(raw),
        **common,
    )


def _wait_from_json(raw: Mapping[str, Any], common: Json) -> Node:
    return WaitNode(signal=raw["signal"], **common)


def _end_from_json(raw: Mapping[str, Any], common: Json) -> Node:
    return EndNode(outcome=raw["outcome"], fields=_values_from_json(raw["fields"]), **common)


_READERS: Mapping[str, Callable[[Mapping[str, Any], Json], Node]] = {
    "task": _task_from_json,
    "prompt": _prompt_from_json,
    "decide": _decide_from_json,
    "call": _call_from_json,
    "wait": _wait_from_json,
    "end": _end_from_json,
}
