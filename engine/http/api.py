"""The flow execution API as a list of operations, and its routes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from starlette.routing import Route

from engine.http.executions import ExecutionHandlers
from engine.http.exposure import exposed_graphs
from engine.http.holding import Waiting
from engine.http.models import Cancel, Signal, Start, Started, StepBody, Submit
from engine.http.openapi import document, document_route
from engine.http.operations import Answer, Operation
from engine.http.reading import Limits
from engine.http.resource import Cors, routes_of
from engine.http.value_schema import fields_schema
from engine.language import Graph
from engine.runtime.engine import Engine
from engine.runtime.ports import Ended, OnEnd
from engine.storage import Unit

ON_END: Final = "flow_api"
_ANSWER: Final = {"submitStep": {"execution": "/execution", "token": "/token"}}
_STEP: Final = Answer(about="where the execution stands", model=StepBody, links=_ANSWER)
_FOLLOWS: Final = {
    **{name: {"execution": "/step/execution"} for name in ("showExecution", "cancelExecution", "streamEvents")},
    "submitStep": {"execution": "/step/execution", "token": "/step/token"},
}
_STARTED: Final = Answer(
    about="started; the capability goes into the header of what follows", model=Started, links=_FOLLOWS
)
_EVENT: Final = {
    "type": "object",
    "properties": {
        "event": {"const": "step"},
        "id": {"type": "string"},
        "retry": {"type": "integer"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/StepBody"},
        },
    },
    "required": ["event", "id", "data"],
}
_KEY: Final = {"Idempotency-Key": "the same call under the same key happens once; 16 to 128 printable characters"}


def nobody_is_told(_unit: Unit, _ended: Ended) -> None:
    """End: whoever started an execution over HTTP reads there how it ended."""


# What an engine that serves this API is given among its ``on_end``.
FLOW_API_ENDS: Final[Mapping[str, OnEnd]] = {ON_END: nobody_is_told}


def routes(
    engine: Engine,
    *,
    exposed: Collection[str],
    on_end: str = ON_END,
    limits: Limits | None = None,
    cors: Cors | None = None,
    also: Sequence[Operation[Any]] = (),
    title: str = "Flow execution API",
) -> list[Route]:
    """Return the routes of the flow execution API, to be mounted anywhere.

    *exposed* names the flows that anybody may start; FlowNotExposable where one is not there, or takes a callback's
    name. *engine* was given *on_end* (``FLOW_API_ENDS`` has one that tells nobody). *also* are operations of other
    APIs, such as the operator's, that share the document at ``/openapi.json``.
    """
    if on_end not in engine.ends:
        raise ValueError(f"the engine was given no on_end '{on_end}': give it FLOW_API_ENDS, or name one of its own")
    limits, cors = limits or Limits(), cors or Cors()
    handlers = ExecutionHandlers(engine, on_end=on_end, waiting=Waiting(limits))
    described = [*flow_operations(handlers, exposed_graphs(engine, exposed)), *also]
    served = [*described, _any_flow(handlers)]
    return [*routes_of(served, limits=limits, cors=cors), document_route(document(described, title=title), cors=cors)]


def flow_operations(handlers: ExecutionHandlers, graphs: Mapping[str, Graph]) -> list[Operation[Any]]:
    """Return what can be done: a start for each of *graphs*, then what follows."""
    return [
        *(_start(handlers, graph) for graph in graphs.values()),
        Operation(
            id="showExecution",
            method="GET",
            path="/executions/{execution}",
            about="Return the current step; with `Prefer: wait=25` held back while there is nothing to do.",
            handler=handlers.show,
            answers={200: _STEP},
            security="participant",
            headers={"Prefer": "wait=N: hold the answer back for N seconds, 30 at most"},
        ),
        Operation(
            id="submitStep",
            method="POST",
            path="/executions/{execution}/steps/{token}",
            about="Answer a step. The same body again gets the current step, another one 409.",
            handler=handlers.submit,
            answers={200: _STEP, 202: Answer(about="accepted, and still worked on: look again", model=StepBody)},
            security="participant",
            body=Submit,
            problems=(403, 409, 410),
        ),
        Operation(
            id="cancelExecution",
            method="POST",
            path="/executions/{execution}/cancel",
            about="End an execution as cancelled. One that has ended stays as it is.",
            handler=handlers.cancel,
            answers={200: _STEP},
            security="capability",
            body=Cancel,
        ),
        Operation(
            id="streamEvents",
            method="GET",
            path="/executions/{execution}/events",
            about="Stream each step as a server-sent event `step`, until the end. 204 where the end was seen before.",
            handler=handlers.events,
            answers={
                200: Answer(about="events", media_type="text/event-stream", schema=_EVENT),
                204: Answer(about="the event named by Last-Event-ID was the last"),
            },
            security="participant",
            headers={"Last-Event-ID": "the id of the event that was seen last"},
        ),
        Operation(
            id="sendSignal",
            method="POST",
            path="/executions/{execution}/signals/{name}",
            about="Tell a flow something that it waits for. The token says who sends.",
            handler=handlers.signal,
            answers={204: Answer(about="taken")},
            security="signal",
            body=Signal,
            headers=_KEY,
            problems=(409, 410),
        ),
    ]


def _start(handlers: ExecutionHandlers, graph: Graph) -> Operation[Any]:
    schema = {
        "type": "object",
        "properties": {
            "inputs": fields_schema(graph.inputs),
            "locale": Start.model_json_schema()["properties"]["locale"],
        },
        "additionalProperties": False,
    }
    if any(declared.required for declared in graph.inputs.values()):
        schema["required"] = ["inputs"]
    words = "".join(part.capitalize() for part in graph.name.split("_"))
    return Operation(
        id=f"start{words}",
        method="POST",
        path=f"/flows/{graph.name}/executions",
        about=f"Start: {graph.title}",
        handler=handlers.start,
        answers={201: _STARTED},
        security="nobody",
        body=Start,
        body_schema=schema,
        headers=_KEY,
        problems=(409,),
        fixed={"flow": graph.name},
    )


def _any_flow(handlers: ExecutionHandlers) -> Operation[Any]:
    return Operation(
        id="startFlow",
        method="POST",
        path="/flows/{flow}/executions",
        about="Every other flow.",
        handler=handlers.unknown_flow,
        answers={},
        security="nobody",
    )
