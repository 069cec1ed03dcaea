"""Every cell of the state table through the doors of the protocol, for all delivery modes: what each client is told.

The cases are made from the table itself: what happens is looked up in it, not written down once more.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import pytest

from protocols.oauth2_ciba.states import MOVES, NOTHING, Event, Move, State
from tests.protocols.oauth2_ciba.notices import TOKEN, Notified, notified
from tests.protocols.world import World, as_error

pytestmark = pytest.mark.anyio

MODES = ("poll", "ping", "push")
CELLS = [pytest.param(move, id=f"{move.at}-{move.event.name.lower()}") for move in MOVES]


async def approve(client: Notified, auth_req_id: str) -> None:
    await client.world.approve(auth_req_id)


def ends(outcome: str, **fields: str) -> Callable[[Notified, str], Awaitable[None]]:
    async def end(client: Notified, auth_req_id: str) -> None:
        world = client.world
        await world.end("ciba.login", auth_req_id, await world.claimed(auth_req_id), outcome, **fields)

    return end


async def cancel(client: Notified, auth_req_id: str) -> None:
    await client.world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})


async def run_out(client: Notified, auth_req_id: str) -> None:
    client.world.clock.forward(120)
    await client.world.sweep()


async def leave_uncollected(client: Notified, auth_req_id: str) -> None:
    client.world.clock.forward(130)
    await client.world.sweep()


async def redeem(client: Notified, auth_req_id: str) -> None:
    await client.world.poll(auth_req_id)


async def take(client: Notified, auth_req_id: str) -> None:
    await client.deliver()


async def reject(client: Notified, auth_req_id: str) -> None:
    client.line.answers = [403]
    await client.deliver()


async def revoke(client: Notified, auth_req_id: str) -> None:
    world, now = client.world, client.world.clock.now()
    row = await world.row(auth_req_id)
    await world.database.run(lambda unit: world.records.revoke(unit, request_id=row.request_id, now=now))


HAPPENS: Final[Mapping[Event, Callable[[Notified, str], Awaitable[None]]]] = {
    Event.ASSERTION: approve,
    Event.DENIAL: ends("denied", by="person"),
    Event.REFUSAL: ends("denied", by="lockout"),
    Event.FAILURE: ends("fault", code="broken"),
    Event.CANCELLATION: cancel,
    Event.LAPSE: run_out,
    Event.REDEMPTION: redeem,
    Event.DELIVERY: take,
    Event.GIVING_UP: reject,
    Event.REVOCATION: revoke,
    Event.NOT_COLLECTED: leave_uncollected,
}


def expected(cell: Move, mode: str) -> State:
    """Return where a request of *mode* stands after what makes others move by *cell*."""
    return cell.to if mode in cell.modes else cell.at


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cell", CELLS)
async def test_each_cell_through_the_doors(world: World, cell: Move, mode: str) -> None:
    async with notified(world, mode) as client:
        auth_req_id = await (client.approved() if cell.at is State.APPROVED else client.asked())
        await HAPPENS[cell.event](client, auth_req_id)
        row = await world.row(auth_req_id)
        assert row.status is expected(cell, mode)
        assert (row.sealed_auth_req_id is None) is (mode == "poll" or row.status not in (State.PENDING, State.APPROVED))
        if cell.at is State.PENDING:
            await check_told(client, cell, auth_req_id)
        await check_poll(client, cell, auth_req_id)


async def check_told(client: Notified, cell: Move, auth_req_id: str) -> None:
    """Compare what was sent with what the table says."""
    told, sent = cell.tells(client.mode), await client.deliver()
    assert len(sent) == (told != NOTHING)
    for each in sent:
        assert each.token == TOKEN
        assert each.json["auth_req_id"] == auth_req_id
        match told:
            case "ping":
                assert each.json == {"auth_req_id": auth_req_id}
            case "tokens":
                assert set(each.json) >= {"access_token", "id_token", "token_type", "expires_in"}
            case _:
                assert set(each.json) == {"auth_req_id", "error", "error_description"}
                assert each.json["error"] == told
    assert await client.deliver() == [], "once"


async def check_poll(client: Notified, cell: Move, auth_req_id: str) -> None:
    """Compare what a poll afterwards is told: it is not thrown back for coming early, and a push client has none."""
    answer = await client.world.poll(auth_req_id)
    if client.mode == "push":
        assert as_error(answer) == (400, "unauthorized_client")
    elif client.mode not in cell.modes or cell.poll == "tokens":
        assert answer.status_code == 200, answer.text
    else:
        assert as_error(answer) == (400, cell.poll)


def test_something_happens_for_every_event() -> None:
    assert set(HAPPENS) == set(Event)
