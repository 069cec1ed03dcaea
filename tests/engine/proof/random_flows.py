"""Random valid flows, written as an author would write them, and random things that happen to them."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from engine.contracts import Contract, frozen
from engine.language import Catalogue, Graph, check_flows

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
RESULT = {"total": "integer", "names": "list of string", "at": "time"}
CONTRACTS = (
    Contract.declare(
        name="work",
        summary="Works; may be tried again.",
        effect="external",
        takes_key=True,
        inputs={"n": {"type": "integer", "max": 40}, "who": {"type": "id", "optional": True}, "text": "string"},
        outcomes={"good": RESULT, "bad": {}, "odd": {"why": {"type": "string", "optional": True}}},
        faults={"busy": "somebody else works", "broken": "nobody can work"},
    ),
    Contract.declare(
        name="tell",
        summary="Sends a message, and says later whether it arrived.",
        effect="transactional",
        defers=True,
        inputs={"who": "id", "until": {"type": "time", "optional": True}},
        outcomes={"accepted": {"channel": "string"}, "lost": {"why": {"type": "string", "default": "?"}}},
    ),
)
TEXTS = Catalogue(languages=frozen({"en": frozen({"so": "So.", "much": "{{ n }} times."})}))
INPUTS: dict[str, Any] = {
    "n": "integer",
    "who": "id",
    "names": "list of id",
    "numbers": "list of integer",
    "times": "list of time",
    "until": "time",
    "flag": {"type": "boolean", "default": True},
    "nick": {"type": "string", "optional": True},
}
VARS: dict[str, Any] = {
    "count": {"type": "integer", "default": 0},
    "note": {"type": "string", "optional": True},
    "at": {"type": "time", "default": "2030-01-01T12:00:30Z"},
}
OUTCOMES: dict[str, Any] = {
    "good": {"total": {"type": "integer", "max": 60}},
    "bad": {"why": {"type": "string", "optional": True}},
    "odd": {},
}
SPANS = ("1s", "5s", "30s", "2m", "1h")
KINDS = ("task", "task", "prompt", "prompt", "decide", "call", "call", "wait", "wait")


class Author:
    """Writes one flow. Ways lead forward, and back only to nodes that are bounded or ask somebody."""

    def __init__(self, rng: Random, name: str, callees: list[str]) -> None:
        self.rng, self.name, self.callees = rng, name, callees
        kinds = [rng.choice([kind for kind in KINDS if callees or kind != "call"]) for _ in range(rng.randint(1, 7))]
        self.kinds = {f"{kind}_{index}": kind for index, kind in enumerate(kinds)}
        self.order = list(self.kinds)
        self.bounded = {node for node, kind in self.kinds.items() if rng.random() < 0.3 or kind == "prompt"}
        self.signals = {f"signal_{n}": self._signal() for n in range(rng.randint(1, 2))}

    def write(self) -> dict[str, Any]:
        """Return the flow with everything that is reached, and nothing else."""
        nodes = {name: self._node(name, kind) for name, kind in self.kinds.items()}
        nodes |= {name: {"end": outcome, **self._with(outcome)} for name, outcome in self._ends()}
        deadline = {"at": self.rng.choice(["=inputs.until", "=inputs.times | first"]), "to": "late"}
        flow = {"deadline": deadline} if self.rng.random() < 0.4 else {}
        kept = reached(nodes, [self.order[0], *(["late"] if flow else [])])
        ends = {node["end"] for name, node in nodes.items() if name in kept and "end" in node}
        whole = {
            "flow": self.name,
            "version": "1.0.0",
            "language": 1,
            "inputs": INPUTS,
            "outcomes": {outcome: fields for outcome, fields in OUTCOMES.items() if outcome in ends},
            "vars": VARS,
            "signals": self.signals,
            **flow,
            "start": self.order[0],
            "nodes": {name: node for name, node in nodes.items() if name in kept},
        }
        gone = re.compile(rf"steps\.(?!(?:{'|'.join(kept)})\.)\w+\.\w+ \| default\(([^)]*)\)")
        written: dict[str, Any] = json.loads(gone.sub(r"\1", json.dumps(whole)))
        return written

    def _ends(self) -> list[tuple[str, str]]:
        return [("fine", "good"), ("poor", "bad"), ("strange", "odd"), ("late", "odd")]

    def _with(self, outcome: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"good": {"total": self._integer()}, "bad": {"why": self._text()}, "odd": {}}[outcome]
        return {"with": fields} if fields else {}

    def _signal(self) -> dict[str, Any]:
        sender = self.rng.choice(["=inputs.who", "=[inputs.who, 'eve']", "=inputs.names", "ann"])
        payload = {"amount": "integer", "on": {"type": "time", "optional": True}}
        return {"from": sender, "payload": payload, "early": self.rng.choice(["keep", "refuse"])}

    # ways

    def _way(self, node: str) -> Any:
        rng, here = self.rng, self.order.index(node)
        forward = [*self.order[here + 1 :], *self.order[here + 1 : here + 3], "fine", "poor", "strange"]
        back = [each for each in self.order[: here + 1] if each in self.bounded]
        to = rng.choice(back) if back and rng.random() < 0.35 else rng.choice(forward)
        target: dict[str, Any] = {"to": to}
        if rng.random() < 0.3:
            target["set"] = rng.choice(
                [{"count": "=vars.count + 1"}, {"note": self._text()}, {"count": self._integer()}, {"at": self._time()}]
            )
        if rng.random() < 0.2:
            target["say"] = rng.choice(["so", {"id": "much", "params": {"n": "=vars.count"}}])
        return target if len(target) > 1 or rng.random() < 0.1 else to

    def _common(self, node: str) -> dict[str, Any]:
        common: dict[str, Any] = {}
        if self.kinds[node] != "decide" and self.rng.random() < 0.4:
            when = {"after": self.rng.choice(SPANS)} if self.rng.random() < 0.7 else {"at": self._time()}
            common["timeout"] = {**when, **self._target(node)}
        if node in self.bounded:
            ways = [*self.order[self.order.index(node) + 1 :], "poor", "strange"]
            common["max_visits"] = {"times": self.rng.choice([1, 2, 3, 9999]), "to": self.rng.choice(ways)}
        return common

    def _target(self, node: str) -> dict[str, Any]:
        return {"to": self._way(node)}

    # nodes

    def _node(self, name: str, kind: str) -> dict[str, Any]:
        own: dict[str, Any] = getattr(self, f"_{kind}")(name)
        return {**own, **self._common(name)}

    def _task(self, name: str) -> dict[str, Any]:
        rng = self.rng
        if rng.random() < 0.4:
            until = {"until": self._time()} if rng.random() < 0.5 else {}
            node = {"task": "tell", "with": {"who": "=inputs.who", **until}}
            return {**node, "routes": {"accepted": self._way(name), "lost": self._way(name)}}
        who = {"who": "=inputs.who"} if rng.random() < 0.5 else {}
        node = {"task": "work", "with": {"n": self._integer(), "text": self._text(), **who}}
        routes = {outcome: self._way(name) for outcome in ("good", "bad", "odd")}
        routes |= {"fault": self._way(name)} if rng.random() < 0.3 else {}
        retry = {
            "errors": rng.choice([["transient"], ["transient", "busy"], ["fault"]]),
            "attempts": rng.randint(2, 4),
            "backoff": rng.choice(["0s", "1s", "4s"]),
            "factor": rng.choice([1, 2]),
            "max": "10s",
            "jitter": "none",
        }
        node |= {"retry": retry} if rng.random() < 0.5 else {}
        way = self._way(name)
        caught = [
            {
                "errors": [rng.choice(["transient", "refused", "busy"])],
                **(way if isinstance(way, dict) else {"to": way}),
            }
        ]
        return {**node, "routes": routes, **({"catch": caught} if rng.random() < 0.4 else {})}

    def _prompt(self, name: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "why": {"type": "string", "max": 5, "optional": True},
            "many": {"type": "integer", "min": 0},
            "on": {"type": "time", "optional": True},
        }
        fields["many"] |= {"optional": True} if self.rng.random() < 0.5 else {}
        submits = self.rng.choice([["submit"], ["submit", "allow"]])
        actions = [*submits, *(["deny"] if self.rng.random() < 0.6 else [])]
        node = {"prompt": {"title": "?"}, "fields": fields, "submits": submits}
        return {**node, "routes": {action: self._way(name) for action in actions}}

    def _decide(self, name: str) -> dict[str, Any]:
        cases = []
        for _ in range(self.rng.randint(1, 2)):
            way = self._way(name)
            cases.append({"when": self._truth(), **(way if isinstance(way, dict) else {"to": way})})
        return {"decide": cases, "else": self._way(name)}

    def _call(self, name: str) -> dict[str, Any]:
        given = {part: f"=inputs.{part}" for part in ("who", "names", "numbers", "times", "until")}
        callee = self.rng.choice(self.callees)
        routes = {outcome: self._way(name) for outcome in OUTCOMES}
        routes |= {"fault": self._way(name)} if self.rng.random() < 0.4 else {}
        return {"call": f"{callee}@1", "with": {**given, "n": self._integer()}, "routes": routes}

    def _wait(self, name: str) -> dict[str, Any]:
        return {"wait": self.rng.choice(list(self.signals)), "routes": {"signalled": self._way(name)}}

    # values; most are always there, a few only where lists are long enough

    def _step(self, kind: str) -> str | None:
        found = [name for name, own in self.kinds.items() if own == kind]
        return self.rng.choice(found) if found else None

    def _integer(self) -> str:
        found = ["=inputs.n", "=vars.count", "=inputs.n + vars.count", "=inputs.names | length", "=inputs.n - 3"]
        found.append("=inputs.n if inputs.flag else vars.count")
        if node := self._step("prompt"):
            found.append(f"=steps.{node}.many | default(0)")
        if node := self._step("wait"):
            found.append(f"=steps.{node}.amount | default(vars.count)")
        return self._mostly(found, "=inputs.numbers | first", "=inputs.numbers[1]")

    def _text(self) -> str:
        found = [
            "=inputs.who",
            "=vars.note | default('none')",
            "plain",
            "=inputs.names | join('-')",
            "=inputs.names | last",
        ]
        found += ["=inputs.nick | default('nobody') | upper", "=execution.locale + '!'"]
        if node := self._step("prompt"):
            found += [f"=steps.{node}.action | default('-')", f"=steps.{node}.why | default('-')"] * 2
        if node := self._step("wait"):
            found.append(f"=steps.{node}.sender | default(inputs.who)")
        return self._mostly(found, "=inputs.names | last")

    def _time(self) -> str:
        found = ["=inputs.until", "=vars.at", "=execution.started_at", "2030-01-01T12:01:00Z"]
        found.append("=execution.expires_at | default(inputs.until)")
        if node := self._step("prompt"):
            found.append(f"=steps.{node}.on | default(inputs.until)")
        return self._mostly(found, "=inputs.times | last")

    def _truth(self) -> str:
        found = ["=inputs.n > 3", "=inputs.flag", "=vars.count < 2", "='ann' in inputs.names", "=vars.note is defined"]
        found += ["=not inputs.flag and vars.count == 1", "=inputs.until > vars.at"]
        if node := self._step("prompt"):
            found.append(f"=steps.{node}.many | default(0) > 1")
        return self._mostly(found, "=inputs.numbers[0] == 1")

    def _mostly(self, sure: list[str], *unsure: str) -> str:
        return self.rng.choice(unsure if self.rng.random() < 0.05 else sure)


def reached(nodes: dict[str, Any], roots: list[str]) -> set[str]:
    """Return the nodes that something leads to."""
    found, waiting = set[str](), list(roots)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += list(_leads(nodes[name]))
    return found


def _leads(node: dict[str, Any]) -> Iterator[str]:
    ways = [*node.get("routes", {}).values(), *node.get("decide", []), *node.get("catch", [])]
    ways += [node[key] for key in ("timeout", "max_visits", "else") if key in node]
    for way in ways:
        to = way
        while isinstance(to, dict):
            to = to["to"]
        yield to


def write_flows(rng: Random) -> dict[str, dict[str, Any]]:
    """Return up to four flows, each of which may call those before it."""
    flows: dict[str, dict[str, Any]] = {}
    for depth in range(rng.randint(1, 4)):
        # A caller routes every outcome of the three, so only flows that have all of them are called.
        whole = [name for name, flow in flows.items() if set(flow["outcomes"]) == set(OUTCOMES)]
        flows[f"flow_{depth}"] = Author(rng, f"flow_{depth}", whole).write()
    return flows


def compile_flows(flows: dict[str, dict[str, Any]]) -> tuple[Graph, ...] | None:
    """Return the graphs, the outermost last; None where the compiler refuses what chance has written."""
    sources = [(f"{name}.yaml", json.dumps(flow)) for name, flow in flows.items()]
    report = check_flows(sources, contracts=CONTRACTS, catalogue=TEXTS)
    return report.flows if report.ok else None


def inputs(rng: Random) -> dict[str, Any]:
    """Return what a flow is given: mostly what it asks for."""
    given: dict[str, Any] = {
        "n": rng.choice([0, 1, 3, 4, 5, 41]),
        "who": rng.choice(["ann", "bob"]),
        "names": rng.choice([[], ["ann"], ["bob", "ann"]]),
        "numbers": rng.choice([[], [1], [2, 1], [2, 1]]),
        "times": rng.choice([[], ["2030-01-01T12:02:00Z"], ["2030-01-01T12:00:10Z", "2030-01-01T13:00:00+01:00"]]),
        "until": rng.choice(["2030-01-01T11:00:00Z", "2030-01-01T12:05:00Z", NOON + timedelta(hours=3)]),
    }
    given |= {"flag": rng.random() < 0.5} if rng.random() < 0.5 else {}
    given |= {"nick": "Jo"} if rng.random() < 0.5 else {}
    if rng.random() < 0.03:
        del given["who"]
    return given


def happening(rng: Random, asked: list[str]) -> tuple[dict[str, Any], float]:
    """Return an event and how many seconds before it pass: mostly what is *asked* for, sometimes anything else."""
    kind = (
        rng.choice(asked)
        if rng.random() < 0.8
        else rng.choice(["submit", "signal", "ended", "timer", "cancel", "taken"])
    )
    if kind == "cancel" and rng.random() < 0.7:
        kind = "timer"
    event: dict[str, Any] = {"event": kind, "stale": rng.random() < 0.05}
    if kind == "submit":
        event |= {"action": rng.choice(["submit", "submit", "allow", "deny"]), "values": _values(rng)}
    elif kind == "signal":
        event["signal"] = rng.choice(["signal_0", "signal_0", "signal_1", "signal_2"])
        event["sender"] = rng.choice(["ann", "ann", "bob", "eve"])
        event["payload"] = rng.choice([{"amount": 1}, {"amount": 2, "on": "2030-01-01T12:00:00Z"}, {}])
    elif kind == "ended":
        event["result"] = _result(rng)
    elif kind == "cancel":
        event["reason"] = rng.choice(["enough", "again"])
    return event, rng.choice([0, 0, 1, 1, 5, 20, 90, 1000] if rng.random() < 0.5 else [0, 1])


def _values(rng: Random) -> dict[str, Any]:
    given: dict[str, Any] = {"why": "so", "many": 2, "on": "2030-01-01T12:00:20Z"}
    return {name: part for name, part in given.items() if rng.random() < 0.8}


def _result(rng: Random) -> dict[str, Any]:
    chance = rng.random()
    if chance < 0.25:
        return {
            "kind": rng.choice(["transient", "refused", "fault"]),
            "code": rng.choice(["busy", "broken", "abandoned"]),
        }
    if chance < 0.4:
        return {"until": NOON + timedelta(seconds=rng.choice([-5, 3, 60, 600]))}
    good = {"total": rng.randint(0, 70), "names": ["x"], "at": NOON}
    found: list[tuple[str, dict[str, Any]]] = [("good", good), ("bad", {}), ("odd", {"why": "so"}), ("odd", {})]
    found += [("accepted", {"channel": "mail"}), ("lost", {}), ("good", {"total": 1}), ("unheard", {})]
    outcome, fields = rng.choice(found)
    return {"outcome": outcome, "fields": fields}
