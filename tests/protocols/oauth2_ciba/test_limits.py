"""How many requests are too many: exact under parallelism and over processes, with the right answer."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from engine.storage import Database
from protocols.oauth2 import ClientLimits, KeyMaterial
from protocols.oauth2.tables import CLIENTS
from protocols.oauth2_ciba import CibaSettings, Limits
from protocols.oauth2_ciba.limits import Counts, judge
from protocols.oauth2_ciba.states import State
from tests.fixtures.databases import MakeDatabase
from tests.protocols.world import BANK, ISSUER, NOON, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio

NONE = Counts(pending=0, recent=0, pending_until=None, recent_until=None)


async def fill(world: World, number: int, *, gap: float = 0, client: str = SHOP, **changes: str) -> list[str]:
    made = []
    for _ in range(number):
        made.append(await world.asked(client=client, **changes))
        world.clock.forward(gap)
    return made


async def test_three_may_be_pending_for_a_pair(world: World) -> None:
    """Requirement 90; mistake 17 of the reference system."""
    first, *_ = await fill(world, 3, requested_expiry="50")
    refused = await world.ask()
    assert as_error(refused) == (403, "access_denied")
    assert refused.headers["retry-after"] == "50"
    assert "3 requests" in refused.json()["error_description"]
    await world.asked(login_hint="bob")
    await world.asked(client=BANK)
    await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": first})
    await world.asked()


async def test_five_a_minute_for_a_pair_whatever_became_of_them(world: World) -> None:
    for auth_req_id in await fill(world, 3, gap=1):
        await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})
    for auth_req_id in await fill(world, 2, gap=1):
        await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})
    refused = await world.ask()
    assert as_error(refused) == (403, "access_denied")
    assert refused.headers["retry-after"] == "55"
    world.clock.forward(55)
    await world.asked()


async def test_what_has_expired_is_not_pending_even_before_the_sweep(world: World) -> None:
    await fill(world, 3, requested_expiry="10")
    world.clock.forward(10)
    await world.asked()


async def test_a_request_older_than_ten_minutes_does_not_count_as_pending(world: World) -> None:
    long = update(CLIENTS).where(CLIENTS.c.client_id == SHOP).values(max_expiry_seconds=7200)
    await world.database.run(lambda unit: unit.execute(long).rowcount)
    old = await fill(world, 3, requested_expiry="7200")
    world.clock.forward(599)
    refused = await world.ask()
    assert as_error(refused) == (403, "access_denied")
    assert refused.headers["retry-after"] == "1", "when it stops to count, not when it expires"
    world.clock.forward(1)
    await world.asked()
    assert (await world.row(old[0])).state_at(world.clock.now()) is State.PENDING


def limits_for_a_person() -> Limits:
    return Limits(pair_pending=99, pair_minute=99, person_pending=4, person_minute=6)


async def test_a_persons_limits_hold_over_all_clients_and_are_not_named(
    database: Database, key_material: KeyMaterial
) -> None:
    settings = CibaSettings(issuer=ISSUER, limits=limits_for_a_person())
    async with make_world(database, key_material, settings) as world:
        made = await fill(world, 2) + await fill(world, 2, client=BANK)
        refused = await world.ask()
        assert as_error(refused) == (403, "access_denied")
        assert "client" not in refused.json()["error_description"]
        assert refused.headers["retry-after"] == "120"
        for auth_req_id, client in zip(made, (SHOP, SHOP, BANK, BANK), strict=True):
            await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id}, client=client)
        await fill(world, 2)
        refused = await world.ask()
        assert as_error(refused) == (403, "access_denied")
        assert refused.headers["retry-after"] == "60"


async def test_a_clients_cap_counts_all_its_pending_requests(database: Database, key_material: KeyMaterial) -> None:
    settings = CibaSettings(issuer=ISSUER, limits=Limits(client_pending=2))
    async with make_world(database, key_material, settings) as world:
        await world.asked()
        await world.asked(login_hint="bob")
        refused = await world.ask(login_hint="nobody")
        assert as_error(refused) == (403, "access_denied")
        assert "2 requests pending" in refused.json()["error_description"]
        await world.asked(client=BANK)


async def test_an_operator_may_raise_the_limits_of_one_client(world: World) -> None:
    raised = update(CLIENTS).where(CLIENTS.c.client_id == SHOP).values(limits='{"pair_pending": 9, "pair_minute": 9}')
    await world.database.run(lambda unit: unit.execute(raised).rowcount)
    await fill(world, 9)
    assert as_error(await world.ask()) == (403, "access_denied")


def test_a_clients_own_limits_replace_the_common_ones_one_by_one() -> None:
    own = Limits().for_client(ClientLimits(pair_pending=100, client_pending=5))
    assert own == Limits(pair_pending=100, client_pending=5)


async def test_fifty_at_once_over_two_processes_store_exactly_three(
    make_database: MakeDatabase, new_url: Callable[[], str], key_material: KeyMaterial
) -> None:
    """Two handles on one database share nothing but the rows, as two processes do."""
    url = new_url()
    one, two = make_database(url=url, repeat=False), make_database(url=url, repeat=False)
    async with make_world(one, key_material) as world, world.beside(two) as other:
        answers = await asyncio.gather(*((world, other)[number % 2].ask() for number in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [403] * 47


@pytest.mark.parametrize(
    ("pair", "person", "named", "wait"),
    [
        (Counts(pending=3, recent=0, pending_until=NOON + timedelta(seconds=7), recent_until=None), NONE, True, 7),
        (Counts(pending=0, recent=5, pending_until=None, recent_until=NOON + timedelta(seconds=40)), NONE, True, 40),
        (NONE, Counts(pending=10, recent=0, pending_until=NOON, recent_until=None), False, 1),
        (NONE, Counts(pending=0, recent=20, pending_until=None, recent_until=None), False, 60),
    ],
)
def test_retry_after_says_when_the_limit_is_left(pair: Counts, person: Counts, named: bool, wait: int) -> None:
    error = judge(pair, person, Limits(), NOON)
    assert error is not None
    assert error.headers["Retry-After"] == str(wait)
    assert ("person" in error.description) is named


def test_below_every_limit_there_is_no_refusal() -> None:
    almost = Counts(pending=2, recent=4, pending_until=NOON, recent_until=NOON)
    assert judge(almost, almost, Limits(), NOON) is None
