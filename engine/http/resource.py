"""One address as an ASGI application: methods, cross-origin rules, checks in their order, and problems as answers."""

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from engine.contracts import FlowError, OperatorError
from engine.http.access import CAPABILITY, SIGNAL, bearer
from engine.http.holding import ClientLeft
from engine.http.operations import PATH_PATTERNS, Call, Nothing, Operation
from engine.http.person_tokens import PERSON
from engine.http.problems import Problem, problem_of
from engine.http.reading import Limits, checked, read_model

log = logging.getLogger(__name__)

_READ_BY_SCRIPTS: Final = "Location, Preference-Applied, Retry-After, WWW-Authenticate"
_SENT_BY_SCRIPTS: Final = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Prefer"
_OPERATOR: Final = re.compile(r"[A-Za-z0-9_.~-]{1,512}", re.ASCII)
_PARTICIPANT: Final = re.compile(f"(?:{CAPABILITY.pattern}|{PERSON.pattern})", re.ASCII)
_SHAPES: Final = {"capability": CAPABILITY, "participant": _PARTICIPANT, "signal": SIGNAL, "operator": _OPERATOR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Which pages of other origins may use the API: exact origins such as ``https://app.example``, or ``*`` for all.

    Tokens travel in a header that a page's script sets, never in a cookie, so a foreign page has none to misuse.
    """

    origins: Collection[str] = ()
    max_age: int = 600

    def headers(self, origin: str | None) -> dict[str, str]:
        """Return what tells a browser that *origin* may read the answer; at least that answers differ by origin."""
        if not self.origins:
            return {}
        if origin is None or not ("*" in self.origins or origin in self.origins):
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _READ_BY_SCRIPTS,
        }

    def preflight(self, origin: str, methods: Sequence[str]) -> dict[str, str]:
        """Return the answer to a browser's question before the request itself."""
        allowed = self.headers(origin)
        if "Access-Control-Allow-Origin" not in allowed:
            return allowed
        return {
            **allowed,
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": _SENT_BY_SCRIPTS,
            "Access-Control-Max-Age": str(self.max_age),
        }


class Resource:
    """Serves every operation of one address."""

    def __init__(self, operations: Sequence[Operation[Any]], *, limits: Limits, cors: Cors) -> None:
        self._operations: Mapping[str, Operation[Any]] = {each.method: each for each in operations}
        self._limits, self._cors = limits, cors
        self._methods = sorted({*self._operations, *(["HEAD"] if "GET" in self._operations else [])})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except (ClientLeft, ClientDisconnect):
            log.info("client_left")
            return
        if self._cors.origins:
            for name, value in self._cors.headers(request.headers.get("origin")).items():
                response.headers[name] = value
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._dispatch(request)
        except Problem as problem:
            return problem.response()
        except FlowError as error:
            level = logging.ERROR if isinstance(error, OperatorError) else logging.INFO
            log.log(level, "flow_api_refused", extra={"code": error.code})
            return problem_of(error).response()
        except (ClientLeft, ClientDisconnect):
            raise
        except Exception:  # the last place where an error can still become a problem
            log.exception("flow_api_failed")
            return Problem(500, "server_error", "the server's log says what went wrong").response()

    async def _dispatch(self, request: Request) -> Response:
        asked = request.headers.get("access-control-request-method")
        origin = request.headers.get("origin")
        if request.method == "OPTIONS" and self._cors.origins and asked is not None and origin is not None:
            return Response(status_code=204, headers=self._cors.preflight(origin, self._methods))
        operation = self._operations.get("GET" if request.method == "HEAD" else request.method)
        if operation is None:
            allow = ", ".join(self._methods)
            raise Problem(405, "method_not_allowed", f"this address knows {allow} only", headers={"Allow": allow})
        return await operation.handler(await self._call(operation, request))

    async def _call(self, operation: Operation[Any], request: Request) -> Call:
        shape = _SHAPES.get(operation.security)
        token = "" if shape is None else bearer(request.headers.getlist("authorization"), shape)
        if operation.allow is not None:
            await operation.allow(token)
        path = {**operation.fixed, **_path(request)}
        query = _query(operation, request)
        limits = replace(self._limits, body=max(self._limits.body, operation.body_at_least))
        body = await read_model(request, operation.body, limits) if operation.takes_body else Nothing()
        return Call(request=request, path=path, body=body, query=query, bearer=token)


def _path(request: Request) -> Mapping[str, str]:
    """Return the parts of the address; 404 for one that no id, name or token looks like."""
    found: Mapping[str, str] = request.path_params
    for name, value in found.items():
        if not re.fullmatch(PATH_PATTERNS[name], value, re.ASCII) or value.endswith("\n"):
            raise Problem(404, "not_found", "there is nothing at this address")
    return found


def _query(operation: Operation[Any], request: Request) -> Any:
    if operation.query is Nothing:
        return Nothing()
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Problem(400, "duplicate_parameter", "a parameter was sent more than once; send each once")
    return checked(given, operation.query)


def routes_of(operations: Sequence[Operation[Any]], *, limits: Limits, cors: Cors) -> list[Route]:
    """Return one route for each address, which answers every method itself."""
    by_path: dict[str, list[Operation[Any]]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, []).append(operation)
    return [Route(path, Resource(group, limits=limits, cors=cors)) for path, group in by_path.items()]
