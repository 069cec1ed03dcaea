"""What a flow does, said a second time: from the design, over the JSON of graphs, knowing nothing of engine.execution.

A flow is a coroutine that yields what it waits for, a call is a `yield from`; timers and cancels are thrown into the
innermost one, so that Python drops the frames. `handle` tells whether an event was taken; attributes tell the rest.
"""

from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any

from engine.contracts import parse_duration
from tests.engine.proof import formulas
from tests.engine.proof.formulas import Absent, Frame, Raw, answers, fitted, fitting, moment, value, values

STEPS, EARLY = 500, 32
NOT_RETRIED = {"abandoned", "step_budget", "deferred_timeout", "contract_broken"}
STANDING = {"retrying", "deferred", "prompt", "waiting"}
FITS = {"start": {"new"}, "submit": {"prompt"}, "ended": {"running", "deferred"}, "taken": {"running"}}
FITS |= {"timer": STANDING, "cancel": STANDING | {"running"}, "signal": STANDING | {"running"}}
Way = Generator[str, Raw, Any]


class Thrown(Exception):
    """A fault or a cancel, which ends the execution with *fields* where nobody catches it; or a timer of a frame."""

    def __init__(self, what: str, fields: Raw, *errors: Any) -> None:
        self.what, self.fields, self.errors = what, fields, errors


class Interpreter:
    def __init__(self, graphs: Raw, now: datetime) -> None:
        self.graphs, self.began, self.mode, self.cancelled, self.place = graphs, now, "new", "", ""
        self.frames, self.said, self.pauses = list[Frame](), list[str](), dict[str, datetime]()
        self.given, self.end = dict[str, Any](), ("", dict[str, Any]())

    def handle(self, event: Raw, now: datetime) -> str:
        self.now, self.left, kind = now, STEPS, event["event"]
        self.trail, self.withdrawn, self.fresh = list[tuple[str, str]](), list[tuple[Any, ...]](), kind == "taken"
        late = self.mode in STANDING and kind != "cancel" and bool(self.due())
        if self.mode not in FITS[kind] or (kind == "timer" and not late):
            return "refused"
        try:
            if not late:  # a timer that is due goes first, and then the event is too late
                self.apply(kind, event)
        except Absent:  # what does not fit changes nothing
            return "refused"
        self.settle()
        return "late" if late and kind != "timer" else "taken"

    def apply(self, kind: str, event: Raw) -> None:
        match kind:
            case "start":
                inputs = fitting(self.graphs[event["digest"]]["inputs"], event["inputs"])
                self.run = self.flow(event["digest"], inputs)
                self.resume(self.run.send, None)
            case "submit":
                node, action = self.frames[-1].at(), event["action"]
                fields = answers(node, event["values"]) if action in node["submits"] else {}
                if event["position"] != formulas.position_of(self.frames) or action not in node["routes"]:
                    raise Absent
                self.resume(self.run.send, {**fields, "action": action})
            case "signal":
                self.hear(event["signal"], event)
            case "ended":
                if event["place"] != self.place or (self.mode == "deferred" and "until" in event["result"]):
                    raise Absent
                self.resume(self.run.send, event["result"])
            case _:  # a cancel, which due timers precede; or a take-up, which runs the task again
                self.settle()
                self.cancelled = self.cancelled or event.get("reason", "")

    def hear(self, name: str, event: Raw) -> None:
        frame = formulas.declaring(self.frames, name)
        signal, early = frame.graph["signals"][name], frame.kept[name]
        heard = {**fitting(signal["payload"], event["payload"]), "sender": event["sender"]}
        senders = value(signal["sender"], self.scope(frame))
        awaited = self.mode == "waiting" and frame is self.frames[-1] and frame.at()["signal"] == name
        keeps = signal["early"] == "keep" and len(early) < EARLY
        if event["sender"] not in (senders if isinstance(senders, list) else [senders]) or not (awaited or keeps):
            raise Absent
        self.resume(self.run.send, heard) if awaited else early.append(heard)

    def resume(self, step: Callable[..., str], what: Any) -> None:
        try:
            self.mode = step(what)
        except StopIteration as stop:
            self.mode, self.end = "ended", stop.value
        except Thrown as thrown:
            self.mode, self.end = "ended", (thrown.what, thrown.fields)
        self.fresh = self.mode == "running"

    def due(self) -> list[tuple[bool, datetime, int, str]]:
        return [timer for timer in formulas.timers_of(self.frames, self.pauses) if timer[1] <= self.now]

    def settle(self) -> None:
        while self.mode in STANDING or (self.mode == "running" and self.fresh):  # a task that runs is not disturbed
            if due := self.due():
                _, _, depth, kind = due[0]
                pause = (self.run.send, {kind: True}) if kind in self.pauses else None
                self.resume(*(pause or (self.run.throw, Thrown("timer", {}, self.frames[depth], kind))))
            elif self.cancelled:
                self.resume(self.run.throw, Thrown("cancelled", {"reason": self.cancelled}))
            else:
                return

    def scope(self, frame: Frame) -> Raw:
        return formulas.scope_of(frame, self.frames, self.began)

    def wrong(self, code: str, kind: str = "fault") -> Thrown:
        self.trail.append(("fault", self.frames[-1].node))
        return Thrown("fault", {"code": code, "node": self.frames[-1].node}, code, kind)

    def checked(self, raw: Raw, given: Raw, code: str) -> Raw:
        if (found := fitted(raw, given)) is None:
            raise self.wrong(code)
        return found

    def flow(self, digest: str, inputs: Raw) -> Way:
        graph = self.graphs[digest]
        self.frames.append(frame := Frame(graph, inputs))
        target: Any = {"to": graph["start"], "set": {}, "say": None}
        try:
            if graph["deadline"]:
                frame.timers["deadline"] = moment(graph["deadline"]["at"], self.scope(frame))
            while isinstance(target, dict):
                try:
                    target = yield from self.arrive(frame, target)
                except (Absent, Thrown) as error:
                    target = self.elsewhere(frame, error if isinstance(error, Thrown) else self.wrong("value_absent"))
        except Absent:
            raise self.wrong("value_absent") from None
        finally:
            self.frames.remove(frame)
        return target

    def elsewhere(self, frame: Frame, thrown: Thrown) -> Any:
        if thrown.what == "timer" and thrown.errors[0] is frame:
            self.trail.append(("timer", frame.node))
            del frame.timers[thrown.errors[1]]
            if thrown.errors[1] == "deadline":
                return {"to": frame.graph["deadline"]["to"], "set": {}, "say": None}
            if frame.at()["kind"] == "prompt":
                frame.steps.pop(frame.node, None)  # a timeout leaves the fields unset
            return frame.at()["timeout"]["to"]
        fault = thrown.what == "fault" and thrown.errors and frame.visits[frame.node]  # else: no node was entered yet
        for each in frame.at().get("catch", []) if fault else []:
            if not each["errors"] or {*thrown.errors} & {*each["errors"]}:
                return each["target"]
        raise thrown

    def arrive(self, frame: Frame, target: Raw) -> Way:
        self.left -= 1
        if self.left < 0:
            raise Thrown("fault", {"code": "step_budget", "node": frame.node})
        scope, name, node = self.scope(frame), target["to"], frame.graph["nodes"][target["to"]]
        written, _ = values(target["set"], scope), values((target["say"] or {}).get("params", {}), scope)
        frame.vars |= fitting({each: frame.graph["variables"][each] for each in written}, written)
        self.said += [target["say"]["id"]] if target["say"] else []
        if (limit := node["max_visits"]) and frame.visits[name] >= limit["times"]:
            self.trail.append(("limit", name))
            return limit["to"]
        frame.node, frame.visits[name] = name, frame.visits[name] + 1
        frame.timers.pop("timeout", None)
        if late := node["timeout"]:
            after = late["after"] and self.now + parse_duration(late["after"])
            frame.timers["timeout"] = after or moment(late["at"], self.scope(frame))
        return (yield from self.stand(frame, node, self.scope(frame)))

    def stand(self, frame: Frame, node: Raw, scope: Raw) -> Way:
        match node["kind"]:
            case "prompt":
                try:
                    frame.steps[frame.node] = answered = yield "prompt"
                finally:
                    self.said = []
                return node["routes"][answered["action"]]
            case "wait":
                kept = frame.kept[node["signal"]]
                frame.steps[frame.node] = kept.pop(0) if kept else (yield "waiting")
                return node["routes"]["signalled"]
            case "decide":
                ways = (each["target"] for each in node["cases"] if value({"expression": each["when"]}, scope))
                target = next(ways, node["otherwise"])
                self.trail.append(("decided", frame.node))
                return target
            case "call":
                inputs = self.checked(node["inputs"], values(node["arguments"], scope), "arguments_invalid")
                self.trail.append(("called", frame.node))
                outcome, frame.steps[frame.node] = yield from self.flow(node["callee"], inputs)
                return node["routes"][outcome]
            case "end":
                declared, given = frame.graph["outcomes"][node["outcome"]], values(node["fields"], scope)
                return node["outcome"], self.checked(declared, given, "outcome_invalid")
            case _:
                return (yield from self.task(frame, node, values(node["arguments"], scope)))

    def task(self, frame: Frame, node: Raw, arguments: Raw) -> Way:
        self.given = self.checked(node["contract"]["inputs"], arguments, "arguments_invalid")
        self.place, frame.attempt, mode = formulas.position_of(self.frames), 1, "running"
        try:
            while "outcome" not in (result := (yield mode)):
                mode, self.pauses = self.again(frame, node["retry"], result)
        finally:
            self.pauses = {}
            self.withdrawn += [("withdraw", self.place)] if mode == "deferred" else []
        if result["outcome"] not in node["routes"]:
            raise self.wrong("contract_broken")
        declared = node["contract"]["outcomes"][result["outcome"]]
        frame.steps[frame.node] = self.checked(declared, result["fields"], "contract_broken")
        return node["routes"][result["outcome"]]

    def again(self, frame: Frame, retry: Raw | None, result: Raw) -> tuple[str, dict[str, datetime]]:
        if "until" in result:
            return "deferred", {"promise": result["until"]}
        if "promise" in result:
            raise self.wrong("deferred_timeout")
        if "kind" not in result:  # the pause of a retry is over
            return "running", {}
        meant = retry and result["code"] not in NOT_RETRIED and {result["kind"], result["code"]} & {*retry["errors"]}
        if not retry or not meant or frame.attempt >= retry["attempts"]:
            raise self.wrong(result["code"], result["kind"])
        wait = parse_duration(retry["backoff"]) * retry["factor"] ** (frame.attempt - 1)
        frame.attempt += 1
        return ("retrying", {"retry": self.now + min(wait, parse_duration(retry["max"]))}) if wait else ("running", {})
