"""The examples run: an application, a protocol layer, a script."""

import ast
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from engine import Engine
from engine.language import load_flows
from engine.storage import ENGINE_TABLES, Database, Keyring, TableOwner
from engine.testing import FakeClock
from examples import wait_for_approval
from examples.device_pairing import layer
from examples.device_pairing.layer import Codes, Pairing
from examples.device_pairing.tables import PAIRING_TABLES, PAIRINGS
from examples.fastapi_application.application import make_application
from tests.engine.execution.flows import NOON
from tests.project.layout import ROOT

pytestmark = pytest.mark.anyio

KEY = bytes(range(32))
EXAMPLES = ROOT / "examples"


# an application


async def test_an_application_of_somebody_else_asks_and_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLIDAYS_DATABASE", f"sqlite:///{tmp_path / 'holidays.sqlite'}")
    monkeypatch.setenv("HOLIDAYS_KEY", KEY.hex())
    application = make_application()
    transport = httpx2.ASGITransport(app=application)
    async with (
        application.router.lifespan_context(application),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as http,
    ):
        short = (await http.post("/holidays", json={"employee": "ann", "days": 1})).json()
        assert short["status"] == "granted"
        asked = (await http.post("/holidays", json={"employee": "ann", "days": 5})).json()
        assert (asked["status"], asked["facts"]) == ("prompt", {"employee": "ann", "days": 5})
        where = f"/holidays/{asked['id']}"
        said = {"token": asked["token"], "granted": False, "why": "too many"}
        answers = [await http.post(f"{where}/decision", json=said) for _ in range(2)]
        assert [answer.json()["result"] for answer in answers] == [{"why": "too many"}] * 2
        other = await http.post(f"{where}/decision", json={**said, "granted": True})
        assert (other.status_code, other.json()["detail"]["status"]) == (409, "refused")
        assert (await http.get(where)).json()["status"] == "refused"
        assert (await http.get("/holidays/nobody")).status_code == 404
        assert (await http.post("/holidays", json={"employee": "Ann!", "days": 0})).status_code == 422


# a protocol layer


class Shop:
    """A device, a person and a server between them."""

    def __init__(self, database: Database) -> None:
        self.clock, self.database = FakeClock(NOON), database
        self.engine = Engine(
            database=database,
            flows=load_flows(EXAMPLES / "device_pairing" / "flows", contracts=[]),
            executors=[],
            on_end=Pairing.ends(),
            senders={},
            keyring=Keyring({"k1": KEY}, "k1"),
            clock=self.clock,
            work=False,
        )
        self.pairing = Pairing(self.engine)

    async def asked(self) -> Codes:
        codes, now = Codes.fresh(), self.clock.now()
        await self.database.run(lambda unit: self.pairing.ask(unit, codes, device="Television", now=now))
        return codes

    async def typed(self, code: str) -> str | None:
        now = self.clock.now()
        return await self.database.read(lambda unit: Pairing.execution_for(unit, code, now=now))

    async def polled(self, device_code: str) -> str:
        return await self.database.read(partial(Pairing.poll, device_code=device_code, now=self.clock.now()))

    async def answer(self, execution: str | None, action: str) -> None:
        step = await self.engine.inspect(execution or "")
        assert [(each.name, each.value) for each in step.show] == [("device", "Television")]
        await self.engine.submit(step.execution, token=step.token or "", action=action, values={})


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return (ENGINE_TABLES, PAIRING_TABLES)


@pytest.mark.parametrize(("action", "answer"), [("pair", "paired"), ("refuse", "access_denied")])
async def test_a_device_learns_what_a_person_decided_elsewhere(database: Database, action: str, answer: str) -> None:
    shop = Shop(database)
    async with shop.engine:
        codes = await shop.asked()
        assert await shop.polled(codes.device) == "authorization_pending"
        await shop.answer(await shop.typed(f"{codes.user[:4].lower()}-{codes.user[4:]}"), action)
        assert await shop.polled(codes.device) == answer
        assert await shop.typed(codes.user) is None


async def test_a_pairing_that_nobody_decides_expires_and_a_stranger_learns_nothing(database: Database) -> None:
    shop = Shop(database)
    async with shop.engine:
        codes = await shop.asked()
        shop.clock.advance(timedelta(minutes=10))
        assert await shop.polled(codes.device) == "expired_token"
        await shop.engine.run_due()
        statuses = await database.read(lambda unit: unit.execute(select(PAIRINGS.c.status)).scalars())
        assert statuses == ["expired"]
        assert await shop.polled("guessed") == "invalid_grant"
        assert await shop.typed("GUESSED") is None


def test_a_protocol_layer_takes_less_than_150_lines() -> None:
    assert len(Path(layer.__file__).read_text().splitlines()) < 150


# a script


def test_a_script_asks_again_until_it_is_answered_and_remembers_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = iter(["what?", "yes"])
    monkeypatch.setattr("builtins.input", lambda _question: next(said))
    database = tmp_path / "approvals.sqlite"
    assert wait_for_approval.main(database, "Delete the backups") == 0
    assert wait_for_approval.main(database, "Delete the backups") == 0, "it was answered before"
    assert capsys.readouterr().out == "approved\napproved\n"
    said = iter(["no"])
    assert wait_for_approval.main(database, "Sell the house") == 1


def test_the_examples_enter_the_engine_by_its_doors() -> None:
    doors = {"engine", "engine.storage", "engine.language", "engine.testing", "engine.http", "engine.http.lifespan"}
    doors |= {"lockhouse.client", "lockhouse.client.starlette", "lockhouse.resource"}
    entered = {
        name
        for file in EXAMPLES.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _imported(node)
        if name.partition(".")[0] in {"engine", "lockhouse", "executors", "protocols"}
    }
    assert entered <= doors


def _imported(node: Any) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [each.name for each in names]
        case ast.ImportFrom(module=str() as module):
            return [module]
        case _:
            return []
