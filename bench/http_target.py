"""The flow API on one database beside a bare route, under the very server that runs Lockhouse. Argument: the URL."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.serving import serve_made
from engine import Engine
from engine.http import FLOW_API_ENDS, routes
from engine.language import FlowSet, check_flows
from engine.storage import ENGINE_TABLES, Database, Keyring, upgrade
from lockhouse.application import build_application

# A person who answers one question after the other: each answer is one durable step.
FLOW = """\
flow: questions
version: 1.0.0
language: 1
type: utility
title: Questions without an end
outcomes: {done: {}}
start: ask
nodes:
  ask:
    prompt: {title: "And then?"}
    fields: {answer: {type: string, max: 80}}
    routes: {submit: ask, stop: done}
  done: {end: done}
"""


async def hello(_request: Request) -> Response:
    """Answer, and nothing else."""
    return Response(b"hello", media_type="text/plain")


async def echo(request: Request) -> Response:
    """Read JSON and answer with it: the least that a step over HTTP costs."""
    return JSONResponse(await request.json())


@asynccontextmanager
async def serving(url: str, port: int) -> AsyncIterator[ASGIApp]:
    """Yield the application on the database at *url*."""
    upgrade(url, [ENGINE_TABLES])
    report = check_flows([("questions.yaml", FLOW)], contracts=[])
    keyring = Keyring({"k1": os.urandom(32)}, "k1")
    async with (
        Database.open(url) as database,
        Engine(
            database=database,
            flows=FlowSet(flows=report.flows),
            executors=[],
            on_end=FLOW_API_ENDS,
            senders={},
            keyring=keyring,
        ) as engine,
    ):
        bare = [Route("/hello", hello), Route("/echo", echo, methods=["POST"])]
        served = [*bare, *routes(engine, exposed=["questions"])]
        yield build_application(issuer=f"http://127.0.0.1:{port}", routes=served, ready={})


if __name__ == "__main__":
    serve_made(lambda port: serving(sys.argv[1], port))
