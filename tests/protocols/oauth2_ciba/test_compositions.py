"""The two compositions have the same tests, and a deployment chooses for all clients or for one."""

import pytest

from protocols.oauth2_ciba import CibaSettings
from tests.protocols.oauth2_ciba.conftest import COLLECTED, COMPOSITIONS
from tests.protocols.world import ISSUER, World

pytestmark = pytest.mark.anyio


async def test_the_world_runs_the_composition_that_it_was_asked_for(small_world: World, composition: str) -> None:
    row = await small_world.row(await small_world.asked())
    flow = {"two_flows": "notification_dispatch", "one_flow": "ciba_journey"}[composition]
    assert small_world.flows.started[row.flow_execution_id].flow == flow == small_world.first_flow


def test_every_test_of_one_composition_is_a_test_of_the_other(pytestconfig: pytest.Config) -> None:
    two_flows, one_flow = (pytestconfig.stash[COLLECTED][name] for name in COMPOSITIONS)
    assert two_flows
    assert two_flows == one_flow


def test_a_client_may_have_a_composition_of_its_own() -> None:
    settings = CibaSettings(issuer=ISSUER, compositions={"bank": "one_flow"})
    assert [settings.composition_of(client) for client in ("shop", "bank")] == ["two_flows", "one_flow"]
