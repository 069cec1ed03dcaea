"""Pages of other origins may use the API where the deployment says so, and nowhere else."""

import pytest

from engine.http import Cors
from engine.storage import Database
from tests.engine.http.kit import fronted
from tests.engine.runtime.kit import make_house

pytestmark = pytest.mark.anyio
START = "/flows/login/executions"
APP = "https://app.example"


async def test_a_listed_origin_may_ask_and_read(sqlite_database: Database) -> None:
    async with fronted(make_house(sqlite_database), cors=Cors(origins=[APP])) as front:
        asked = {
            "Origin": APP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        preflight = await front.client.options(START, headers=asked)
        answer = await front.client.post(START, json={}, headers={"Origin": APP})

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == APP
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    assert answer.status_code == 422
    assert answer.headers["access-control-allow-origin"] == APP
    assert "Location" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"]
)
async def test_another_origin_is_told_nothing(sqlite_database: Database, origin: str) -> None:
    async with fronted(make_house(sqlite_database), cors=Cors(origins=[APP])) as front:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await front.client.options(START, headers=asked)
        answer = await front.client.post(START, json={}, headers={"Origin": origin})

    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in answer.headers


async def test_without_origins_nobody_may(sqlite_database: Database) -> None:
    async with fronted(make_house(sqlite_database)) as front:
        asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
        preflight = await front.client.options(START, headers=asked)

    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in preflight.headers
