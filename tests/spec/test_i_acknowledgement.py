"""1I. The acknowledgement (CIBA Core section 7.3)."""

import math
import re
from collections import Counter

import pytest

from tests.protocols.world import World
from tests.spec.parties import add, ask_as
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

ENDPOINTS = "protocols/oauth2/endpoints.py"
INITIATIONS = "protocols/oauth2_ciba/initiations.py"
REQUESTS = "protocols/oauth2_ciba/requests.py"


@requirement(
    47,
    "200, `application/json`, `Cache-Control: no-store`",
    Mutation(ENDPOINTS, '_NO_STORE = {"Cache-Control": "no-store"', '_NO_STORE = {"Cache-Control": "no-cache"'),
)
async def test_047_the_answer_is_json_that_nobody_stores(world: World) -> None:
    answer = await world.ask()
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@requirement(
    48,
    "`auth_req_id` is unique, of 160 bits or more, of the characters `A-Z a-z 0-9 . - _`",
    Mutation(REQUESTS, "auth_req_id=_token(noise[18:50])", "auth_req_id=_token(noise[18:28])"),
)
async def test_048_the_auth_req_id_is_long_random_and_plain(world: World) -> None:
    made = {await world.asked(login_hint=hint) for hint in ("ann", "ann", "bob", "bob")}
    assert len(made) == 4
    for auth_req_id in made:
        assert re.fullmatch(r"[A-Za-z0-9._-]+", auth_req_id)
        counts = Counter(auth_req_id).values()
        entropy = -sum(n * math.log2(n / len(auth_req_id)) for n in counts)
        assert entropy > 160


@requirement(
    49,
    "`expires_in` is a positive JSON number of seconds",
    Mutation(INITIATIONS, '"expires_in": max(1, int(self.expires_in.total_seconds()))', '"expires_in": "120"'),
)
async def test_049_expires_in_is_a_number(world: World) -> None:
    expires_in = (await world.ask()).json()["expires_in"]
    assert type(expires_in) is int
    assert expires_in == 120


@requirement(
    50,
    "`interval` is a positive JSON number and always sent to those who poll",
    Mutation(INITIATIONS, '"interval": int(self.interval.total_seconds())', '"interval": "5"'),
)
async def test_050_interval_is_always_a_number(world: World) -> None:
    interval = (await world.ask()).json()["interval"]
    assert type(interval) is int
    assert interval == 5


@requirement(
    51,
    "The answer comes before the person acts, and says nothing of them",
    Mutation(INITIATIONS, '"auth_req_id": self.auth_req_id,', '"auth_req_id": self.auth_req_id, "login_hint": "ann",'),
)
async def test_051_the_answer_says_nothing_of_the_person(world: World) -> None:
    await add(world, "asker")
    answer = await ask_as(world, "asker", login_hint="ann@example.org")
    assert set(answer.json()) == {"auth_req_id", "expires_in", "interval"}
