"""What is stored of an execution: nothing that no later node can read."""

import json

import pytest

from engine.storage import Database
from engine.storage.executions import Executions
from tests.engine.runtime.kit import KEYRING, House, make_house, opened

pytestmark = pytest.mark.anyio


async def stored(house: House) -> str:
    row = await house.database.read(lambda unit: Executions(KEYRING).find(unit, "e1"))
    assert row is not None
    return json.dumps(json.loads(Executions(KEYRING).open_state(row))["frames"])


async def test_what_a_login_no_longer_needs_is_gone_after_a_restart_and_the_rest_is_there(database: Database) -> None:
    async with opened(make_house(database)) as first:
        step = await first.begin("login")
        assert '"subject": "ann"' in await stored(first)
        step = await first.engine.submit("e1", token=step.token or "", action="submit", values={"password": "sesame"})
        assert '"inputs": {"permissions"' in await stored(first), "only the check read who it is"
    async with opened(make_house(database)) as house:
        step = await house.engine.inspect("e1")
        step = await house.engine.submit("e1", token=step.token or "", action="allow", values={"granted": ["pay"]})
        assert (step.outcome, step.result["granted"]) == ("approved", ["pay"])
