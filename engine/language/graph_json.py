"""A graph as versioned JSON and back, and the digest over what it means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar

from engine.contracts import Contract, Declaration, format_duration, frozen, parse_duration
from engine.language.expressions import compile_expression
from engine.language.graph import (
    GRAPH_FORMAT,
    CallNode,
    Case,
    Catch,
    Deadline,
    DecideNode,
    EndNode,
    Graph,
    LiteralTexts,
    MaxVisits,
    Migration,
    Node,
    Place,
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


def with_digest(graph: Graph) -> Graph:
    """Return *graph* with the digest of what it means: all but places and the prose of contracts."""
    meant = graph_to_json(graph)
    del meant["digest"], meant["places"]
    for node in meant["nodes"].values():
        if "contract" in node:
            node["contract"] = Contract.from_json(node["contract"]).digest
    canonical = json.dumps(meant, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return replace(graph, digest=sha256(canonical.encode()).hexdigest())


def graph_to_json(graph: Graph) -> Json:
    """Return *graph* as JSON."""
    return {
        "format": GRAPH_FORMAT,
        "name": graph.name,
        "version": graph.version,
        "digest": graph.digest,
        "title": graph.title,
        "kind": graph.kind,
        "inputs": _declarations_to_json(graph.inputs),
        "outcomes": _each(graph.outcomes, _declarations_to_json),
        "variables": _declarations_to_json(graph.variables),
        "signals": _each(graph.signals, _signal_to_json),
        "deadline": {"at": value_to_json(graph.deadline.at), "to": graph.deadline.to} if graph.deadline else None,
        "start": graph.start,
        "nodes": _each(graph.nodes, _node_to_json),
        "keep": list(graph.keep),
        "migrate": {"from": graph.migrate.from_version, "nodes": dict(graph.migrate.nodes)} if graph.migrate else None,
        "places": _each(graph.places, lambda place: [place.file, place.line, place.column]),
    }


def graph_from_json(raw: Mapping[str, Any]) -> Graph:
    """Return the graph that ``graph_to_json`` wrote; ValueError where the format is another one."""
    if raw.get("format") != GRAPH_FORMAT:
        found = raw.get("format")
        raise ValueError(
            f"this compiled flow has format {found}, and this version reads {GRAPH_FORMAT}: compile it again"
        )
    deadline, migrate = raw["deadline"], raw["migrate"]
    return Graph(
        name=raw["name"],
        version=raw["version"],
        digest=raw["digest"],
        title=raw["title"],
        kind=raw["kind"],
        inputs=_declarations_from_json(raw["inputs"]),
        outcomes=_frozen_each(raw["outcomes"], _declarations_from_json),
        variables=_declarations_from_json(raw["variables"]),
        signals=_frozen_each(raw["signals"], _signal_from_json),
        deadline=Deadline(at=value_from_json(deadline["at"]), to=deadline["to"]) if deadline else None,
        start=raw["start"],
        nodes=frozen({name: _node_from_json(name, node) for name, node in raw["nodes"].items()}),
        keep=tuple(raw["keep"]),
        migrate=Migration(from_version=migrate["from"], nodes=frozen(migrate["nodes"])) if migrate else None,
        places=_frozen_each(raw["places"], lambda place: Place(file=place[0], line=place[1], column=place[2])),
    )


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


def _each(mapping: Mapping[str, T], convert: Callable[[T], Any]) -> Json:
    return {name: convert(part) for name, part in mapping.items()}


def _frozen_each(raw: Mapping[str, Any], convert: Callable[[Any], T]) -> Mapping[str, T]:
    return frozen({name: convert(part) for name, part in raw.items()})


def _declarations_to_json(declarations: Mapping[str, Declaration]) -> Json:
    return _each(declarations, Declaration.to_json)


def _declarations_from_json(raw: Mapping[str, Any]) -> Mapping[str, Declaration]:
    return _frozen_each(raw, Declaration.from_json)


def _values_from_json(raw: Mapping[str, Any]) -> Mapping[str, Value]:
    return _frozen_each(raw, value_from_json)


def _optional(convert: Callable[[T], Any], part: T | None) -> Any:
    return None if part is None else convert(part)


def _optional_value(value: Value | None) -> Json | None:
    return None if value is None else value_to_json(value)


def _signal_to_json(signal: SignalDeclaration) -> Json:
    payload = _declarations_to_json(signal.payload)
    return {"sender": value_to_json(signal.sender), "payload": payload, "early": signal.early}


def _signal_from_json(raw: Mapping[str, Any]) -> SignalDeclaration:
    payload = _declarations_from_json(raw["payload"])
    return SignalDeclaration(sender=value_from_json(raw["sender"]), payload=payload, early=raw["early"])


def _target_to_json(target: Target) -> Json:
    say = {"id": target.say.id, "params": _each(target.say.params, value_to_json)} if target.say else None
    return {"to": target.to, "set": _each(target.set, value_to_json), "say": say}


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


def _node_to_json(node: Node) -> Json:
    common = {
        "timeout": _optional(_timeout_to_json, node.timeout),
        "max_visits": _optional(_visits_to_json, node.max_visits),
        "routes": _each(node.routes, _target_to_json),
    }
    return {**_own_to_json(node), **common}


def _own_to_json(node: Node) -> Json:
    match node:
        case TaskNode():
            return {
                "kind": "task",
                "executor": node.executor,
                "contract": node.contract.to_json(),
                "arguments": _each(node.arguments, value_to_json),
                "retry": _optional(_retry_to_json, node.retry),
                "catch": [{"errors": list(part.errors), "target": _target_to_json(part.target)} for part in node.catch],
            }
        case PromptNode():
            return {
                "kind": "prompt",
                "texts": _texts_to_json(node.texts),
                "show": _each(node.show, value_to_json),
                "fields": _each(node.fields, _field_to_json),
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
                "inputs": _declarations_to_json(node.inputs),
                "outcomes": _each(node.outcomes, _declarations_to_json),
                "arguments": _each(node.arguments, value_to_json),
                "catch": [{"errors": list(part.errors), "target": _target_to_json(part.target)} for part in node.catch],
            }
        case WaitNode():
            return {"kind": "wait", "signal": node.signal}
        case EndNode():
            return {"kind": "end", "outcome": node.outcome, "fields": _each(node.fields, value_to_json)}


def _node_from_json(name: str, raw: Mapping[str, Any]) -> Node:
    common = {
        "id": name,
        "timeout": _optional(_timeout_from_json, raw["timeout"]),
        "max_visits": _optional(_visits_from_json, raw["max_visits"]),
        "routes": _frozen_each(raw["routes"], _target_from_json),
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
        fields=_frozen_each(raw["fields"], _field_from_json),
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
        inputs=_declarations_from_json(raw["inputs"]),
        outcomes=_frozen_each(raw["outcomes"], _declarations_from_json),
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
