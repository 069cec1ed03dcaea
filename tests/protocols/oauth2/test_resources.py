"""Resource indicators: a token is for what was approved, or for less of it (requirements 141 to 143)."""

import httpx2
import pytest

from protocols.oauth2 import OAuthError, narrowed_resources, parse_resources
from tests.protocols.changed import REFRESHING, change, claims_in, introspection, userinfo
from tests.protocols.world import BANK, GRANT, ISSUER, PUSHY, World, as_error

pytestmark = pytest.mark.anyio

API, OTHER = "https://api.example/v1", "urn:example:till"


async def approved(world: World, *resources: str, scope: str = "openid profile") -> str:
    """Register the two APIs, ask for *resources*, and have it approved."""
    await change(world, BANK, resource=API)
    await change(world, PUSHY, resource=OTHER)
    form = {"scope": scope, "login_hint": "ann", "resource": list(resources)}
    answer = await world.post("/oauth2/bc-authorize", form)
    assert answer.status_code == 200, answer.text
    auth_req_id = str(answer.json()["auth_req_id"])
    await world.approve(auth_req_id)
    return auth_req_id


async def redeem(world: World, auth_req_id: str, *resources: str) -> httpx2.Response:
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id, "resource": list(resources)}
    return await world.post("/oauth2/token", form)


async def test_a_token_is_for_all_that_was_asked_where_nothing_narrows_it(world: World) -> None:
    """Requirement 142: resource may be sent more than once."""
    answer = (await redeem(world, await approved(world, API, OTHER))).json()
    assert claims_in(answer["access_token"])["aud"] == [API, OTHER]


async def test_a_poll_narrows_it_and_asking_for_more_loses_nothing(world: World) -> None:
    """Requirement 143."""
    auth_req_id = await approved(world, API, OTHER)
    wider = await redeem(world, auth_req_id, API, "https://more.example")
    assert as_error(wider) == (400, "invalid_target")
    answer = (await redeem(world, auth_req_id, OTHER)).json()
    assert claims_in(answer["access_token"])["aud"] == OTHER


async def test_each_refresh_may_narrow_it_anew(world: World) -> None:
    """Requirement 143: the grant stays as wide as it was approved."""
    await change(world, **REFRESHING)
    first = (await redeem(world, await approved(world, API, OTHER, scope="openid offline_access"), API)).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    again = (await world.post("/oauth2/token", {**form, "resource": OTHER})).json()
    whole = (await world.post("/oauth2/token", form)).json()
    told = [claims_in(answer["access_token"])["aud"] for answer in (first, again, whole)]
    assert told == [API, OTHER, [API, OTHER]]
    more = await world.post("/oauth2/token", {**form, "resource": [API, ISSUER]})
    assert as_error(more) == (400, "invalid_target")


async def test_without_a_resource_a_token_is_for_the_default_audience_alone(world: World) -> None:
    """Requirements 143, 145 and 146."""
    auth_req_id = await approved(world)
    assert as_error(await redeem(world, auth_req_id, API)) == (400, "invalid_target")
    token = (await redeem(world, auth_req_id, ISSUER)).json()["access_token"]
    assert claims_in(token)["aud"] == ISSUER
    assert (await userinfo(world, token)).status_code == 200


async def test_userinfo_takes_a_token_that_is_meant_for_us_among_others(world: World) -> None:
    """Requirement 146."""
    ours = (await redeem(world, await approved(world, API, ISSUER))).json()["access_token"]
    theirs = (await redeem(world, await approved(world, API))).json()["access_token"]
    assert (await userinfo(world, ours)).status_code == 200
    assert as_error(await userinfo(world, theirs)) == (401, "invalid_token")
    assert (await introspection(world, theirs))["aud"] == API


@pytest.mark.parametrize(
    "value",
    ["api", "/v1", "https://api.example/#f", "https://", "https://a b", "https://[", "urn:", "https://ä.example"],
)
def test_a_resource_is_an_absolute_uri_without_a_fragment(value: str) -> None:
    """Requirement 141."""
    with pytest.raises(OAuthError) as refused:
        parse_resources([API, value])
    assert (refused.value.error, refused.value.status) == ("invalid_target", 400)


def test_what_is_named_twice_counts_once() -> None:
    assert narrowed_resources([API, API], granted=(OTHER, API), default=ISSUER) == (API,)
