"""Codes and their tokens are bound to a key (RFC 9449 sections 5 and 10): by a parameter, or by a proof at PAR."""

from typing import Any

import httpx2
import pytest

from tests.protocols.changed import change
from tests.protocols.oauth2_code.conftest import APP, BACK, CHALLENGE, SECRETS, CodeWorld, claims_of, members_of
from tests.protocols.provers import KEY, OTHER_KEY, fresh, proof
from tests.protocols.world import ISSUER

pytestmark = pytest.mark.anyio

PAR = f"{ISSUER}/oauth2/par"
INVALID_GRANT = (400, "invalid_grant")


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"])


async def push(code: CodeWorld, shown: str, **changes: str) -> httpx2.Response:
    form = {
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return await code.http.post("/oauth2/par", data=form, auth=(APP, SECRETS[APP]), headers={"DPoP": shown})


async def code_of_pushed(code: CodeWorld, pushed: httpx2.Response) -> str:
    assert pushed.status_code == 201, pushed.text
    only: dict[str, Any] = {"client_id": APP, "request_uri": pushed.json()["request_uri"]}
    address = (await code.http.get("/oauth2/authorize", params=only)).headers["location"]
    link = str(address.rsplit("/", 1)[1])
    await code.approved(link)
    back = await code.leave(link)
    assert back is not None
    return members_of(back)["code"]


async def test_133_the_token_of_a_code_is_bound_to_the_key_that_is_proved_with_it(code: CodeWorld) -> None:
    body = (await code.redeem(await code.code(), proof=fresh(code.world))).json()

    assert body["token_type"] == "DPoP"
    assert claims_of(body["access_token"])["cnf"] == {"jkt": KEY.kid}
    assert "cnf" not in claims_of(body["id_token"])


async def test_132_a_bad_proof_uses_no_code_up(small_code: CodeWorld) -> None:
    code = small_code
    await change(code.world, APP, dpop_bound=1)
    given, used = await code.code(), fresh(code.world)
    await code.redeem("another", proof=used)

    for shown in (None, fresh(code.world, htm="GET"), proof(htm="POST")):
        assert (await code.redeem(given, proof=shown)).status_code == 400
    assert (await code.redeem(given, proof=used)).status_code == 200  # a code that is unknown uses no proof up
    assert told(await code.redeem(given, proof=used)) == (400, "invalid_dpop_proof")


async def test_a_code_that_was_asked_for_with_a_key_is_worth_nothing_without_it(code: CodeWorld) -> None:
    given = await code.code(dpop_jkt=KEY.kid)

    assert told(await code.redeem(given)) == INVALID_GRANT
    assert told(await code.redeem(given, proof=fresh(code.world, OTHER_KEY))) == INVALID_GRANT
    assert (await code.redeem(given, proof=fresh(code.world))).status_code == 200


@pytest.mark.parametrize("asked", ["short", "a" * 44, "ü" * 43, "a" * 42 + "="], ids=str)
async def test_what_is_no_thumbprint_is_told_to_the_client(small_code: CodeWorld, asked: str) -> None:
    answer = await small_code.authorize(dpop_jkt=asked)

    assert members_of(answer.headers["location"])["error"] == "invalid_request"


async def test_a_proof_at_par_binds_the_code(code: CodeWorld) -> None:
    shown = fresh(code.world, htu=PAR)
    given = await code_of_pushed(code, await push(code, shown, dpop_jkt=KEY.kid))

    assert told(await code.redeem(given)) == INVALID_GRANT
    assert (await code.redeem(given, proof=fresh(code.world))).json()["token_type"] == "DPoP"


async def test_a_proof_at_par_is_judged_like_any_other(small_code: CodeWorld) -> None:
    code, world = small_code, small_code.world

    asked_for_a_nonce = await push(code, proof(htu=PAR))
    assert told(asked_for_a_nonce) == (400, "use_dpop_nonce")
    good = proof(htu=PAR, nonce=asked_for_a_nonce.headers["dpop-nonce"])
    assert told(await push(code, good, dpop_jkt=OTHER_KEY.kid)) == (400, "invalid_request")
    first = await push(code, good)
    assert (first.status_code, "dpop-nonce" in first.headers) == (201, True)
    assert told(await push(code, good)) == (400, "invalid_dpop_proof")
    assert told(await push(code, fresh(world))) == (400, "invalid_dpop_proof")
