"""Every test of CIBA that has a world runs under both compositions: two flows at two times, and one journey."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest

from engine.storage import Database
from protocols.oauth2 import KeyMaterial
from protocols.oauth2_ciba import CibaSettings
from tests.protocols.world import ISSUER, World, make_world

COMPOSITIONS = ("two_flows", "one_flow")
WORLDS = {"world", "small_world", "house"}
# What the journey changes runs with every test; of the rest the second composition runs with the long ones.
SHORT = {"test_approval_link", "test_with_engine"}
COLLECTED = pytest.StashKey[dict[str, set[str]]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that has a world both compositions."""
    if WORLDS.isdisjoint(metafunc.fixturenames):
        return
    short = metafunc.module.__name__.rpartition(".")[2] in SHORT
    marks = [] if short else [pytest.mark.long]
    metafunc.parametrize("composition", [pytest.param(COMPOSITIONS[0]), pytest.param(COMPOSITIONS[1], marks=marks)])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remember, before anything is left out, which tests run under which composition; one of them on SQLite only."""
    if COLLECTED not in config.stash:
        nothing: dict[str, set[str]] = {name: set() for name in COMPOSITIONS}
        config.stash[COLLECTED] = nothing
    found = config.stash[COLLECTED]
    for item in items:
        spec = item.callspec if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
        composition = "" if spec is None else str(spec.params.get("composition"))
        if composition in found:
            name, _, params = item.nodeid.partition("[")
            found[composition].add(f"{name}[{params.replace(composition, '*')}")
            if composition == COMPOSITIONS[1] and spec is not None and spec.params.get("dialect") == "postgresql":
                item.add_marker(pytest.mark.long)


@pytest.fixture
def ciba_settings(composition: Literal["two_flows", "one_flow"]) -> CibaSettings:
    """What the deployment decided."""
    return CibaSettings(issuer=ISSUER, composition=composition)


@pytest.fixture
async def world(database: Database, key_material: KeyMaterial, ciba_settings: CibaSettings) -> AsyncIterator[World]:
    """The protocol layer on both databases."""
    async with make_world(database, key_material, ciba_settings) as made:
        yield made


@pytest.fixture
async def small_world(
    sqlite_database: Database, key_material: KeyMaterial, ciba_settings: CibaSettings
) -> AsyncIterator[World]:
    """The protocol layer on SQLite, for what does not depend on the database."""
    async with make_world(sqlite_database, key_material, ciba_settings) as made:
        yield made
