"""A FastAPI application with a flow of its own. Run it: ``uvicorn --factory application:make_application``."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from engine import Ended, Engine, InvalidFields, Step, StepConflict, StepGone, UnknownExecution
from engine.http.lifespan import lifespan
from engine.language import load_flows
from engine.storage import ENGINE_TABLES, Database, Keyring, Unit, upgrade

FLOWS = Path(__file__).parent / "flows"


class Wish(BaseModel):
    """What somebody asks for."""

    employee: str = Field(pattern="^[a-z]+$")
    days: int = Field(ge=1, le=60)


class Decision(BaseModel):
    """What somebody answers. ``token`` names the question, so that an answer counts once."""

    token: str
    granted: bool
    why: str = ""


def make_engine(url: str, key: bytes) -> Engine:
    """Return an engine with the flows of this folder, on the database *url*."""
    upgrade(url, [ENGINE_TABLES])
    return Engine(
        database=Database.open(url),
        flows=load_flows(FLOWS, contracts=[]),
        executors=[],
        on_end={"holiday": told},
        senders={},
        keyring=Keyring({"k1": key}, "k1"),
    )


def told(unit: Unit, ended: Ended) -> None:
    """Hear of an end, in the transaction that records it: rows of our own would change here, with *unit*."""


def make_application() -> FastAPI:
    """Return the application; ``HOLIDAYS_DATABASE`` and ``HOLIDAYS_KEY`` (64 hexadecimal digits) say where it keeps."""
    engine = make_engine(os.environ["HOLIDAYS_DATABASE"], bytes.fromhex(os.environ["HOLIDAYS_KEY"]))
    application = FastAPI(title="Holidays", lifespan=lifespan(engine))

    @application.post("/holidays", status_code=201)
    async def ask(wish: Wish) -> dict[str, Any]:
        execution = secrets.token_urlsafe(12)
        step = await engine.begin(
            execution=execution,
            flow="holiday",
            inputs=wish.model_dump(),
            on_end="holiday",
            correlation=wish.employee,
        )
        return shown(step)

    @application.get("/holidays/{execution}")
    async def look(execution: str) -> dict[str, Any]:
        try:
            return shown(await engine.inspect(execution))
        except UnknownExecution as error:
            raise HTTPException(404, str(error)) from error

    @application.post("/holidays/{execution}/decision")
    async def decide(execution: str, decision: Decision) -> dict[str, Any]:
        action, values = ("allow" if decision.granted else "deny"), {"why": decision.why}
        try:
            return shown(await engine.submit(execution, token=decision.token, action=action, values=values))
        except UnknownExecution as error:
            raise HTTPException(404, str(error)) from error
        except InvalidFields as error:
            raise HTTPException(422, str(error)) from error
        except (StepConflict, StepGone) as error:
            raise HTTPException(409, shown(error.step)) from error

    return application


def shown(step: Step) -> dict[str, Any]:
    """Return a step as this application's clients see it."""
    facts: Mapping[str, Any] = {each.name: each.value for each in step.show}
    return {
        "id": step.execution,
        "status": step.outcome or step.status,
        "question": step.title.text if step.title else None,
        "facts": facts,
        "token": step.token,
        "result": dict(step.result),
    }
