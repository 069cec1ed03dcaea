"""Resource indicators (RFC 8707)."""

import pytest

from tests.protocols.world import GRANT, SECRETS, SHOP, World, as_error
from tests.spec.parties import OFFLINE, TILL, add, add_till, ask_as, claims_of, token_as
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

RESOURCES = "protocols/oauth2/resources.py"
API, OTHER = "https://api.example", "https://other-api.example"
WRONG = (400, "invalid_target")


async def add_apis(world: World) -> None:
    await add(world, "api", resource=API)
    await add(world, "other-api", resource=OTHER)


@requirement(
    141,
    "`resource` is an absolute URI without fragment, and known; else `invalid_target`",
    Mutation(RESOURCES, "if not all(_is_absolute(value) for value in values):", "if not all(values):"),
    Mutation(
        "protocols/oauth2_ciba/targets.py", "if not set(unknown) <= set(", "if not set(unknown) & set(unknown) and set("
    ),
)
async def test_141_a_resource_is_an_absolute_uri(world: World) -> None:
    await add_apis(world)
    assert (await world.ask(resource=API)).status_code == 200
    for wrong in ("/api", f"{API}#part", "https://unknown.example"):
        answer = await world.ask(resource=wrong)
        assert as_error(answer) == WRONG, wrong
    assert "absolute" in (await world.ask(resource=f"{API}#part")).json()["error_description"]


@requirement(
    142,
    "`resource` may repeat, as the only parameter; the token is for all of them",
    Mutation("protocols/oauth2/forms.py", 'REPEATABLE = frozenset({"resource"})', "REPEATABLE = frozenset()"),
    Mutation(RESOURCES, "    return wanted or granted", "    return wanted or granted[:1]"),
)
async def test_142_resources_repeat(world: World) -> None:
    await add_apis(world)
    answer = await world.http.post(
        "/oauth2/bc-authorize",
        content=f"scope=openid&login_hint=ann&resource={API}&resource={OTHER}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(SHOP, SECRETS[SHOP]),
    )
    auth_req_id = answer.json()["auth_req_id"]
    await world.approve(auth_req_id)
    token = (await world.poll(auth_req_id)).json()["access_token"]
    assert claims_of(token)["aud"] == [API, OTHER]


@requirement(
    143,
    "At the token endpoint and at refresh, `resource` only narrows",
    Mutation(
        RESOURCES, "if not set(wanted) <= set(granted or (default,)):", "if not set(wanted) <= {*wanted, default}:"
    ),
)
async def test_143_a_resource_only_narrows(world: World) -> None:
    await add_apis(world)
    await add_till(world)
    asked = await ask_as(world, TILL, scope=OFFLINE, resource=API)
    auth_req_id = asked.json()["auth_req_id"]
    await world.approve(auth_req_id)
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    assert as_error(await token_as(world, TILL, **form, resource=OTHER)) == WRONG
    tokens = (await token_as(world, TILL, **form, resource=API)).json()
    assert claims_of(tokens["access_token"])["aud"] == API
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert as_error(await token_as(world, TILL, **again, resource=OTHER)) == WRONG
    assert claims_of((await token_as(world, TILL, **again)).json()["access_token"])["aud"] == API
