"""The approval hook: there in development alone, with its key alone, for the request that is named."""

import httpx2
import pytest

from lockhouse.conformance.plans import FAPI_CIBA
from tests.lockhouse.conformance.conftest import ISSUER, Desk
from tests.lockhouse.conformance.suite_player import SuitePlayer

pytestmark = pytest.mark.anyio
PEOPLE = {
    "LOCKHOUSE_ISSUER": "https://id.example",
    "LOCKHOUSE_DEVELOPMENT": "false",
    "LOCKHOUSE_MAIL__DIRECTORY": "mail",
}


def player(desk: Desk, http: httpx2.AsyncClient) -> SuitePlayer:
    plan = desk.plan("fapi-ciba-private-key-jwt-poll.json")
    return SuitePlayer(http=http, plan=plan, issuer=ISSUER, auth=FAPI_CIBA[0].auth)


async def test_the_suite_denies_and_decides_once(desk: Desk) -> None:
    async with desk.served() as http:
        suite = player(desk, http)
        auth_req_id = (await suite.ask()).json()["auth_req_id"]
        assert (await suite.decide(auth_req_id, "deny")).status_code == 200
        again = await suite.decide(auth_req_id, "allow")
        assert (again.status_code, again.json()["error"]) == (409, "decision_refused")
        assert (await suite.poll(auth_req_id)).json()["error"] == "access_denied"


async def test_nothing_is_decided_without_the_key_or_a_name(desk: Desk) -> None:
    async with desk.served() as http:
        suite = player(desk, http)
        auth_req_id = (await suite.ask()).json()["auth_req_id"]
        url = str(suite.plan["automated_ciba_approval_url"])
        good = url.format(auth_req_id=auth_req_id, action="allow")
        wrong = {
            good.replace("key=", "key=x"): 403,
            good.partition("&key=")[0]: 403,
            url.format(auth_req_id="", action="allow"): 400,
            url.format(auth_req_id=auth_req_id, action="approve"): 400,
            url.format(auth_req_id="another", action="allow"): 409,
        }
        assert {address: (await http.post(address)).status_code for address in wrong} == wrong
        assert (await http.get(good)).status_code == 405
        assert (await suite.poll(auth_req_id)).json()["error"] == "authorization_pending"


async def test_where_people_are_asked_there_is_no_hook(desk: Desk) -> None:
    url = str(desk.plan("fapi-ciba-mtls-poll.json")["automated_ciba_approval_url"])
    async with desk.served(**PEOPLE) as http:
        answer = await http.post(url.removeprefix(ISSUER).format(auth_req_id="a", action="allow"))
        assert answer.status_code == 404
