"""The answers that belong to no route: JSON for programs, a short page for a person's browser."""

import html

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

__all__ = ["no_such_address", "plain_answer", "wrong_method"]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


def plain_answer(scope: Scope, status: int, error: str, text: str) -> Response:
    """Return *error* and *text* as whoever asked can read them; never cached."""
    headers = {"Cache-Control": "no-store"}
    if "text/html" in Headers(scope=scope).get("accept", ""):
        title = error.replace("_", " ").capitalize()
        page = _PAGE.format(title=html.escape(title), text=html.escape(text.capitalize() + "."))
        return HTMLResponse(page, status_code=status, headers=headers)
    return JSONResponse({"error": error, "error_description": text}, status_code=status, headers=headers)


async def no_such_address(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    """Answer 404, and say where something is: without a slash too many, or in the metadata."""
    path = request.scope["path"]
    shorter = {**request.scope, "path": path.rstrip("/")}
    if path.endswith("/") and any(_methods(route, shorter) for route in request.app.routes):
        return plain_answer(
            request.scope, 404, "not_found", "there is nothing at this address; leave out its last slash"
        )
    text = "there is nothing at this address; check it against the link in the message"
    if "text/html" not in Headers(scope=request.scope).get("accept", ""):
        text = "there is nothing at this address; /.well-known/openid-configuration names ours"
    return plain_answer(request.scope, 404, "not_found", text)


async def wrong_method(request: Request, error: Exception) -> Response:
    """Answer 405 with every method that the address knows, over all its routes."""
    allowed = sorted({method for route in request.app.routes for method in _methods(route, request.scope)})
    response = plain_answer(request.scope, 405, "method_not_allowed", f"this address knows {', '.join(allowed)} only")
    if isinstance(error, HTTPException) and not allowed:
        response.headers.update(error.headers or {})
    else:
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _methods(route: BaseRoute, scope: Scope) -> set[str]:
    if not isinstance(route, Route) or route.matches(scope)[0] is Match.NONE:
        return set()
    return set(route.methods or ())
