"""The files: complete, readable by their owner alone, and good for the whole journey of a module."""

import json
import re
import stat

import httpx2
import jwt
import pytest

from lockhouse.conformance.plans import FAPI_CIBA, Variant
from tests.lockhouse.conformance.conftest import ISSUER, Desk
from tests.lockhouse.conformance.suite_player import SuitePlayer

pytestmark = pytest.mark.anyio
VARIANTS = [pytest.param(variant, id=variant.name) for variant in FAPI_CIBA]


def player(desk: Desk, http: httpx2.AsyncClient, variant: Variant, number: str = "") -> SuitePlayer:
    plan = desk.plan(f"fapi-ciba-{variant.name}.json")
    return SuitePlayer(http=http, plan=plan, issuer=ISSUER, auth=variant.auth, number=number)


def test_every_plan_has_its_configuration_and_nobody_else_reads_it(desk: Desk) -> None:
    lines = [line.split() for line in (desk.handed / "plans.txt").read_text().splitlines()]
    assert len(lines) == 5
    assert all(json.loads((desk.handed / name).read_text())["alias"] for _, name in lines)
    assert all(re.fullmatch(r"[a-z0-9-]+(\[[a-z_]+=[a-z_]+\])+", plan) for plan, _ in lines)
    assert {stat.S_IMODE(file.stat().st_mode) for file in desk.handed.iterdir()} == {0o600}


def test_what_is_registered_here_holds_no_private_half(desk: Desk) -> None:
    for file in desk.handed.glob("*.jwks.json"):
        members = set().union(*json.loads(file.read_text())["keys"])
        assert members == {"kty", "n", "e", "kid", "use", "alg", "x5c"}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_the_suite_gets_bound_tokens_with_what_it_was_given(desk: Desk, variant: Variant) -> None:
    async with desk.served() as http:
        suite = player(desk, http, variant, "2")
        asked = await suite.ask(acr_values=suite.client["acr_value"], requested_expiry="300")
        assert asked.status_code == 200, asked.text
        auth_req_id = asked.json()["auth_req_id"]
        decided = await suite.decide(auth_req_id, "allow")
        assert decided.status_code == 200, decided.text
        tokens = (await suite.poll(auth_req_id)).json()
        claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
        assert claims["acr"] == suite.client["acr_value"]
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        resource = str(suite.plan["resource"]["resourceUrl"])
        others = player(desk, http, variant).certificate
        mine = await http.get(resource, headers={**bearer, **suite.certificate})
        theirs = await http.get(resource, headers={**bearer, **others})
        assert (mine.status_code, theirs.status_code) == (200, 401)


async def test_the_basic_plans_clients_have_their_secrets(desk: Desk) -> None:
    plan = desk.plan("oidc-basic.json")
    async with desk.served() as http:
        for client in (plan["client"], plan["client2"], plan["client_secret_post"]):
            form = {"grant_type": "authorization_code", "code": "c", "code_verifier": "v", "redirect_uri": "r"}
            secret = (client["client_id"], client["client_secret"])
            answer = await http.post("/oauth2/token", data=form, auth=secret)
            assert answer.json()["error"] == "invalid_grant"
