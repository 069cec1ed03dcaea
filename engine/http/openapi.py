"""The OpenAPI 3.1 document: made from the operations that are served and the models that check them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.http.models import ProblemBody
from engine.http.operations import PATH_PATTERNS, Answer, Operation
from engine.http.problems import MEDIA_TYPE as PROBLEM
from engine.http.reading import Limits
from engine.http.resource import Cors, Resource
from engine.http.value_schema import SHARED_SCHEMAS

_REFERENCE: Final = "#/components/schemas/{model}"
_SECURITY: Final[Mapping[str, Mapping[str, str]]] = {
    "capability": {
        "type": "http",
        "scheme": "bearer",
        "description": "the one token of an execution, which its start returned",
    },
    "person": {
        "type": "http",
        "scheme": "bearer",
        "description": "a token for one person at one execution: it opens the steps that are `by` them",
    },
    "signal": {"type": "http", "scheme": "bearer", "description": "a token for one signal, one execution, one sender"},
    "operator": {"type": "http", "scheme": "bearer", "description": "an operator's token with the scope it needs"},
}
_ABOUT: Final[Mapping[int, str]] = {
    400: "the request cannot be read",
    401: "no token, or none that was given out here",
    403: "the token lacks the scope, or the step asks somebody else",
    404: "nothing of this name belongs to this token",
    409: "something else was first; `step` is where the execution stands",
    410: "it is over; `outcome` says how it ended",
    413: "the body is too long",
    415: "the body is not JSON",
    422: "values do not fit; `errors` names each",
    503: "busy; try again after Retry-After seconds",
}


def document(operations: Sequence[Operation[Any]], *, title: str, version: str = "1") -> dict[str, Any]:
    """Return the document for *operations*."""
    models = sorted({model for each in operations for model in _models(each)}, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "serialization") for model in models], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    used = sorted({name for each in operations for name in _tokens(each)})
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": {**schemas["$defs"], **SHARED_SCHEMAS},
            "securitySchemes": {name: dict(_SECURITY[name]) for name in used},
        },
    }


def document_route(told: Mapping[str, Any], *, cors: Cors) -> Route:
    """Return the route that serves the document."""
    body = json.dumps(told).encode()
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "public, max-age=300"}

    async def show(request: Any) -> Response:
        asked: Request = request.request
        if asked.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    operation: Operation[Any] = Operation(
        id="openapi",
        method="GET",
        path="/openapi.json",
        about="This document.",
        handler=show,
        answers={},
        security="nobody",
    )
    return Route(operation.path, Resource([operation], limits=Limits(), cors=cors))


def _models(operation: Operation[Any]) -> list[type[BaseModel]]:
    answered = [answer.model for answer in operation.answers.values() if answer.model is not None]
    asked = [operation.body] if operation.takes_body and operation.body_schema is None else []
    return [*answered, *asked, ProblemBody]


def _operation(operation: Operation[Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.about,
        "responses": {
            **{str(status): _answer(answer) for status, answer in operation.answers.items()},
            **{str(status): _problem(status) for status in _problems(operation)},
        },
    }
    if parameters := _parameters(operation):
        told["parameters"] = parameters
    if operation.takes_body:
        schema = operation.body_schema or _reference(operation.body)
        content = {"application/json": {"schema": schema}}
        told["requestBody"] = {"content": content, "required": "required" in _resolved(operation)}
    if operation.security != "nobody":
        told["security"] = [{name: []} for name in _tokens(operation)]
    if operation.scope:
        told["description"] = f"Needs the scope `{operation.scope}`."
    return told


def _tokens(operation: Operation[Any]) -> tuple[str, ...]:
    """Return the kinds of tokens that open an operation, any one of them."""
    match operation.security:
        case "nobody":
            return ()
        case "participant":
            return ("capability", "person")
        case alone:
            return (alone,)


def _resolved(operation: Operation[Any]) -> Mapping[str, Any]:
    return operation.body_schema or operation.body.model_json_schema()


def _parameters(operation: Operation[Any]) -> list[dict[str, Any]]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": PATH_PATTERNS[name]}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    headers = [
        {"name": name, "in": "header", "description": about, "schema": _header_schema(name)}
        for name, about in operation.headers.items()
    ]
    schema = operation.query.model_json_schema()
    query = [
        {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": part}
        for name, part in schema.get("properties", {}).items()
    ]
    return [*path, *headers, *query]


def _header_schema(name: str) -> dict[str, Any]:
    if name == "Idempotency-Key":
        return {"type": "string", "pattern": "^[!-~]{16,128}$"}
    return {"type": "string"}


def _problems(operation: Operation[Any]) -> list[int]:
    found = {400, 503, *operation.problems}
    if operation.takes_body:
        found |= {413, 415, 422}
    if operation.security != "nobody":
        found.add(401)
    if operation.scope:
        found.add(403)
    if operation.security != "operator" or "{" in operation.path:
        found.add(404)
    return sorted(found)


def _answer(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.about}
    if answer.model is not None:
        told["content"] = {answer.media_type: {"schema": _reference(answer.model)}}
    elif answer.schema is not None:
        told["content"] = {answer.media_type: {"schema": answer.schema}}
    if answer.links:
        told["links"] = {
            name: {
                "operationId": name,
                "parameters": {part: f"$response.body#{place}" for part, place in parameters.items()},
            }
            for name, parameters in answer.links.items()
        }
    return told


def _problem(status: int) -> dict[str, Any]:
    return {"description": _ABOUT[status], "content": {PROBLEM: {"schema": _reference(ProblemBody)}}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}
