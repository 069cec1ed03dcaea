"""Where the operator lets requests come without PKCE: all of it or none (RFC 9700 sections 2.1.1 and 4.8.2)."""

from collections.abc import AsyncIterator

import pytest

from engine.storage import Database
from protocols.oauth2 import KeyMaterial
from tests.protocols.oauth2_code.conftest import VERIFIER, CodeWorld, make_code_world, members_of

pytestmark = pytest.mark.anyio

NONE = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture
async def lenient(database: Database, key_material: KeyMaterial) -> AsyncIterator[CodeWorld]:
    async with make_code_world(database, key_material, pkce=False) as made:
        yield made


async def test_a_request_without_a_challenge_gives_tokens(lenient: CodeWorld) -> None:
    given = await lenient.code(**NONE)
    assert (await lenient.redeem(given, {"code_verifier": None})).status_code == 200


async def test_a_verifier_without_a_challenge_says_that_somebody_took_it_out(lenient: CodeWorld) -> None:
    given = await lenient.code(**NONE)
    for verifier in (VERIFIER, "v"):
        assert (await lenient.redeem(given, {"code_verifier": verifier})).json()["error"] == "invalid_grant"


async def test_a_challenge_that_came_is_kept(lenient: CodeWorld) -> None:
    given = await lenient.code()
    assert (await lenient.redeem(given, {"code_verifier": None})).json()["error"] == "invalid_request"
    assert (await lenient.redeem(given, {"code_verifier": "w" * 43})).json()["error"] == "invalid_grant"
    assert (await lenient.redeem(given)).status_code == 200


@pytest.mark.parametrize("half", [{"code_challenge": None}, {"code_challenge_method": None}], ids=str)
async def test_half_of_it_is_refused(lenient: CodeWorld, half: dict[str, str | None]) -> None:
    answer = await lenient.authorize(**half)
    assert members_of(answer.headers["location"])["error"] == "invalid_request"
