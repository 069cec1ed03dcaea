"""Mutants: the shipped flows with one thing changed, family by family, always the same ones."""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

Raw = dict[str, Any]
Place = tuple[Any, Any]  # a record or a list, and the key or index in it
READ = re.compile(r"((?:inputs|vars|steps\.\w+)\.)(\w+)")
LITERALS = ("x", ["x"], True, "2030-01-01T12:00:00Z")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A flow with one change. ``family`` is the kind of the change, ``what`` says where."""

    family: str
    what: str
    flow: Raw

    @property
    def name(self) -> str:
        """Return the flow's name."""
        return str(self.flow["flow"])


def mutants(flow: Raw) -> Iterator[Mutant]:
    """Yield every mutant of *flow*, a document as YAML reads it."""
    for family, make in FAMILIES.items():
        for what, changed in make(flow):
            yield Mutant(family, f"{flow['flow']}: {what}", changed)


Changed = Iterator[tuple[str, Raw]]


def ways(flow: Raw) -> Iterator[tuple[str, Place]]:
    """Yield every place where a flow says where to go on, with what to call it."""
    for name, node in flow["nodes"].items():
        for route in node.get("routes", {}):
            yield f"{name}.{route}", (node["routes"], route)
        for index, case in enumerate(node.get("decide", ())):
            yield f"{name}.case {index}", (case, "to")
        for key in ("timeout", "max_visits"):
            if key in node:
                yield f"{name}.{key}", (node[key], "to")
        if "else" in node:
            yield f"{name}.else", (node, "else")
    if "deadline" in flow:
        yield "deadline", (flow["deadline"], "to")
    yield "start", (flow, "start")


def to_of(place: Place) -> str:
    holder, key = place
    found = holder[key]
    return str(found["to"] if isinstance(found, dict) else found)


def point(place: Place, to: str) -> None:
    holder, key = place
    if isinstance(holder[key], dict):
        holder[key]["to"] = to
    else:
        holder[key] = to


def _each(flow: Raw, find: Callable[[Raw], list[tuple[str, Any]]], change: Callable[[Raw, Any], str | None]) -> Changed:
    """Yield a copy of *flow* for every place that *find* gives, after *change* (None: there is nothing to change)."""
    for index in range(len(find(flow))):
        fresh = copy.deepcopy(flow)
        what, place = find(fresh)[index]
        if (said := change(fresh, place)) is not None:
            yield f"{what}{said}", fresh


def redirect(flow: Raw) -> Changed:
    for number, to in product(range(len(list(ways(flow)))), flow["nodes"]):
        fresh = copy.deepcopy(flow)
        what, place = list(ways(fresh))[number]
        if to_of(place) != to:
            point(place, to)
            yield f"{what} to {to}", fresh


def swap_routes(flow: Raw) -> Changed:
    for one, two in combinations(range(len(list(ways(flow)))), 2):
        fresh = copy.deepcopy(flow)
        (first, left), (second, right) = list(ways(fresh))[one], list(ways(fresh))[two]
        if first.split(".")[0] == second.split(".")[0] and to_of(left) != to_of(right):
            before = to_of(left)
            point(left, to_of(right))
            point(right, before)
            yield f"{first} with {second}", fresh


def drop_node(flow: Raw) -> Changed:
    for name, node in flow["nodes"].items():
        onward = {to_of(place): what for what, place in ways({**flow, "nodes": {name: node}}) if what.startswith(name)}
        for to in sorted(onward.keys() - {name}):
            yield f"{name} for {to}", without(flow, name, to)


def without(flow: Raw, name: str, to: str) -> Raw:
    """Return *flow* without the node, and what led to it leading to *to*."""
    fresh = copy.deepcopy(flow)
    del fresh["nodes"][name]
    for _, place in list(ways(fresh)):
        if to_of(place) == name:
            point(place, to)
    return fresh


def values(flow: Raw) -> list[tuple[str, Place]]:
    """Return every place that holds an expression."""
    found: list[tuple[str, Place]] = []

    def walk(part: Any, path: str) -> None:
        entries = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        for key, inner in entries:
            if isinstance(inner, str) and inner.startswith("="):
                found.append((f"{path}.{key}", (part, key)))
            walk(inner, f"{path}.{key}")

    for name, node in flow["nodes"].items():
        walk(node, name)
    walk(flow.get("deadline", {}), "deadline")
    walk(flow.get("signals", {}), "signals")
    return found


def literal_for_expression(flow: Raw) -> Changed:
    for literal in LITERALS:

        def change(_flow: Raw, place: Place, literal: Any = literal) -> str:
            place[0][place[1]] = literal
            return f" is {literal}"

        yield from _each(flow, values, change)


def other_operand(flow: Raw) -> Changed:
    known = sorted({place[0][place[1]] for _, place in values(flow)})
    for source in known:

        def change(_flow: Raw, place: Place, source: str = source) -> str | None:
            if place[0][place[1]] == source:
                return None
            place[0][place[1]] = source
            return f" is {source}"

        yield from _each(flow, values, change)


def misspell_read(flow: Raw) -> Changed:
    def change(_flow: Raw, place: Place) -> str | None:
        before = place[0][place[1]]
        place[0][place[1]] = READ.sub(r"\1\2s", before, count=1)
        return None if place[0][place[1]] == before else f" reads {place[0][place[1]]}"

    yield from _each(flow, values, change)


def _named(flow: Raw) -> list[tuple[str, Place]]:
    places = [(key, (flow[key], name)) for key in ("inputs", "outcomes", "signals") for name in flow.get(key, {})]
    for outcome, fields in flow["outcomes"].items():
        places += [(f"outcomes.{outcome}", (fields, name)) for name in fields]
    for name, node in flow["nodes"].items():
        for key in ("with", "show", "fields", "routes"):
            places += [(f"{name}.{key}", (node[key], part)) for part in node.get(key, {})]
    return places


def rename_field(flow: Raw) -> Changed:
    def change(_flow: Raw, place: Place) -> str:
        holder, name = place
        holder[f"{name}_x"] = holder.pop(name)
        return f".{name}"

    yield from _each(flow, _named, change)


def drop_field(flow: Raw) -> Changed:
    def change(_flow: Raw, place: Place) -> str:
        del place[0][place[1]]
        return f".{place[1]}"

    yield from _each(flow, _named, change)


def _optional(flow: Raw) -> list[tuple[str, Place]]:
    keys = ("timeout", "max_visits", "retry", "submits", "say", "set", "fields")
    found: list[tuple[str, Place]] = [("flow", (flow, "deadline"))] if "deadline" in flow else []
    for name, node in flow["nodes"].items():
        found += [(name, (node, key)) for key in keys if key in node]
        routes = [(name, (way, key)) for way in node.get("routes", {}).values() for key in keys if key in way]
        found += [place for place in routes if isinstance(place[1][0], dict)]
    return found


def drop_part(flow: Raw) -> Changed:
    def change(_flow: Raw, place: Place) -> str:
        del place[0][place[1]]
        return f".{place[1]}"

    yield from _each(flow, _optional, change)


def other_word(flow: Raw) -> Changed:
    """Another word of an enum at an end, and the opposite of a condition."""
    for name, node in flow["nodes"].items():
        for field, value in node.get("with", {}).items() if "end" in node else ():
            declared = flow["outcomes"][node["end"]].get(field)
            for word in declared if isinstance(declared, list) else ():
                if word != value:
                    fresh = copy.deepcopy(flow)
                    fresh["nodes"][name]["with"][field] = word
                    yield f"{name}.{field} is {word}", fresh
        for index, case in enumerate(node.get("decide", ())):
            fresh = copy.deepcopy(flow)
            fresh["nodes"][name]["decide"][index]["when"] = f"=not ({case['when'][1:]})"
            yield f"{name}.case {index} turned", fresh


# What an attacker who may edit the flow would try: each leaves out a safeguard, and mends what the compiler would miss.


def bypass_person(flow: Raw) -> Changed:
    """Nobody is asked what they allow."""
    for granted in ("=inputs.permissions | names", [], ["openid"]):
        if "ask_consent" in flow["nodes"]:
            fresh = without(flow, "ask_consent", "record")
            fresh["nodes"]["record"]["with"]["granted"] = granted
            yield f"nobody is asked, granted is {granted}", fresh
    if "decide" in flow["nodes"]:
        for by in ("person", "not_me"):
            fresh = without(flow, "decide", "agreed")
            fresh["nodes"]["agreed"]["with"] = {"granted": "=inputs.permissions | names"}
            fresh["nodes"]["refused"]["with"] = {"by": by}
            yield f"nobody is asked at all, refused by {by}", fresh


def bypass_password(flow: Raw) -> Changed:
    """Nobody has to sign in."""
    if "check" not in flow["nodes"]:
        return
    subjects = ("=inputs.subject", "=inputs.correlation", "ann")
    for subject, methods, skipped in product(subjects, (["pwd"], []), (("check",), ("check", "ask_password"))):
        fresh = without(flow, "check", "ask_consent")
        if "ask_password" in skipped:
            fresh["nodes"]["ask_password"]["fields"] = {}
        fresh["nodes"]["record"]["with"]["subject"] = subject
        fresh["nodes"]["post"]["with"] |= {"subject": subject, "methods": methods}
        fresh["nodes"]["post"]["with"]["authenticated_at"] = "=execution.started_at"
        yield f"no {' and '.join(skipped)}, subject is {subject} by {methods}", fresh
    for outcome, subject in product(("rejected", "delayed", "locked"), subjects):
        fresh = copy.deepcopy(flow)
        fresh["nodes"]["check"]["routes"][outcome] = "ask_consent"
        fresh["nodes"]["record"]["with"]["subject"] = subject
        fresh["nodes"]["post"]["with"] |= {"subject": subject, "methods": ["pwd"]}
        fresh["nodes"]["post"]["with"]["authenticated_at"] = "=execution.started_at"
        yield f"{outcome} is good enough for {subject}", fresh


def bypass_consent(flow: Raw) -> Changed:
    """What was not agreed to is approved."""
    if "record" not in flow["nodes"]:
        return
    sources = ("=steps.ask_consent.granted", "=inputs.permissions | names", ["pay"])
    for granted, end in product(sources, sources):
        fresh = without(flow, "record", "post")
        fresh["nodes"]["post"]["with"]["granted"] = granted
        fresh["nodes"]["done"]["with"]["granted"] = end
        yield f"nothing is recorded, granted is {granted}, told is {end}", fresh
    for granted in sources[1:]:
        fresh = copy.deepcopy(flow)
        fresh["nodes"]["post"]["with"]["granted"] = granted
        yield f"recorded one thing, granted is {granted}", fresh
        fresh = copy.deepcopy(flow)
        fresh["nodes"]["record"]["with"]["granted"] = granted
        yield f"asked one thing, recorded is {granted}", fresh
        for action in ("deny", "not_me"):
            fresh = copy.deepcopy(flow)
            fresh["nodes"]["ask_consent"]["routes"][action] = "record"
            fresh["nodes"]["record"]["with"]["granted"] = granted
            yield f"{action} is as good, recorded is {granted}", fresh
            fresh = copy.deepcopy(flow)
            fresh["nodes"]["ask_consent"]["routes"][action] = "post"
            fresh["nodes"]["post"]["with"]["granted"] = granted
            fresh["nodes"]["done"]["with"]["granted"] = granted
            yield f"{action} is as good, posted is {granted}", fresh


FAMILIES: dict[str, Callable[[Raw], Changed]] = {
    "drop-node": drop_node,
    "swap-routes": swap_routes,
    "redirect": redirect,
    "rename-field": rename_field,
    "drop-field": drop_field,
    "drop-part": drop_part,
    "misspell-read": misspell_read,
    "literal-for-expression": literal_for_expression,
    "other-operand": other_operand,
    "other-word": other_word,
    "bypass-person": bypass_person,
    "bypass-password": bypass_password,
    "bypass-consent": bypass_consent,
}
