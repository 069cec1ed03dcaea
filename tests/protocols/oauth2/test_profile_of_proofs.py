"""A profile binds clients that were registered before it, too (requirements 116 and 117)."""

from collections.abc import AsyncIterator

import pytest

from engine.storage import Database
from protocols.oauth2 import KeyMaterial
from protocols.oauth2_ciba import CibaSettings
from tests.protocols.signers import KEYS, SECRET, Signer, ask, jwks, register
from tests.protocols.world import ISSUER, World, as_error, make_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def strict_world(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    settings = CibaSettings(issuer=ISSUER, profile="fapi-ciba")
    async with make_world(sqlite_database, key_material, settings) as made:
        yield made


async def test_a_deployment_of_fapi_ciba_takes_no_shared_secret(strict_world: World) -> None:
    assert as_error(await strict_world.ask()) == (401, "invalid_client")
    assert as_error(await strict_world.poll("a" * 43)) == (401, "invalid_client")


async def test_nor_one_that_signs(strict_world: World) -> None:
    await register(strict_world, auth_method="client_secret_jwt", secret=SECRET)
    assert as_error(await ask(strict_world, Signer(key=SECRET, headers={}).sign())) == (401, "invalid_client")


@pytest.mark.parametrize(("algorithm", "status"), [("PS256", 400), ("ES256", 400), ("RS256", 401), ("EdDSA", 401)])
async def test_an_assertion_is_signed_by_what_the_profile_allows(
    strict_world: World, algorithm: str, status: int
) -> None:
    """The first two fail later: the auth_req_id is not known."""
    await register(strict_world, jwks=jwks(*KEYS.values()))
    form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": "a" * 43}
    token = Signer.with_key(KEYS[algorithm]).sign()
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    answer = await strict_world.http.post(
        "/oauth2/token", data={**form, "client_assertion": token, "client_assertion_type": kind}
    )
    assert answer.status_code == status


async def test_a_client_of_fapi_ciba_is_bound_in_any_deployment(small_world: World) -> None:
    await register(small_world, jwks=jwks(*KEYS.values()), profile="fapi-ciba")
    refused = await ask(small_world, Signer.with_key(KEYS["RS256"]).sign())
    assert as_error(refused) == (401, "invalid_client")
