"""Signing keys take turns in the database, on both; nothing that was published is ever deleted (requirement 152)."""

import asyncio
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import select

from engine.storage import Unit
from protocols.oauth2 import (
    ALGORITHMS,
    ClientInvalid,
    KeyInUse,
    KeyState,
    NewClient,
    NoSigningKey,
    SchedulePolicy,
    SigningKeys,
    UnknownKey,
    forget_private_half,
    key_times,
    make_key,
    rotate_key,
    rotate_overdue,
)
from protocols.oauth2.tables import SIGNING_KEYS
from tests.protocols.world import ISSUER, KEYRING, NOON, World

pytestmark = pytest.mark.anyio

POLICY = SchedulePolicy(longest_token=timedelta(minutes=10), every=timedelta(days=90))
LATER = NOON + timedelta(days=90)
_ROWS = select(SIGNING_KEYS)


async def test_two_processes_that_find_a_key_due_make_one(world: World) -> None:
    async def rotate() -> int:
        made = {"RS256": make_key("RS256")}
        rotated = await world.database.run(
            lambda unit: rotate_overdue(unit, made, keyring=KEYRING, policy=POLICY, now=LATER)
        )
        return len(rotated)

    assert sorted(await asyncio.gather(rotate(), rotate())) == [0, 1]


async def test_a_rotated_key_signs_later_and_the_old_one_still_verifies(world: World) -> None:
    old = await world.signing_keys.current(NOON)
    new = make_key("RS256")
    plan = await world.database.run(lambda unit: rotate_key(unit, new, keyring=KEYRING, policy=POLICY, now=NOON))
    keys = SigningKeys(database=world.database, keyring=KEYRING)
    announced = await keys.register(NOON)
    assert announced.signing["RS256"].kid == old.kid
    assert {key["kid"] for key in announced.published} == {old.kid, new.kid}
    assert (await keys.current(plan.active_from)).kid == new.kid
    long_after = await keys.register(plan.unpublish_at)
    assert {key["kid"] for key in long_after.published} == {new.kid}
    assert set(long_after.verifying) == {old.kid, new.kid}


async def test_a_key_known_to_others_is_gone_from_the_jwks_at_once_even_where_it_was_to_retire_later(
    world: World,
) -> None:
    first = (await world.signing_keys.current(NOON)).kid
    planned, urgent = make_key("RS256"), make_key("RS256")
    await world.database.run(lambda unit: rotate_key(unit, planned, keyring=KEYRING, policy=POLICY, now=NOON))
    await world.database.run(
        lambda unit: rotate_key(unit, urgent, keyring=KEYRING, policy=POLICY, now=NOON, at_once=True)
    )
    lives = await world.database.read(key_times)
    states = {life.kid: life.state(NOON) for life in lives}
    assert states == {first: KeyState.VERIFYING, planned.kid: KeyState.VERIFYING, urgent.kid: KeyState.SIGNING}


async def test_only_the_private_half_of_a_key_that_has_retired_is_forgotten(world: World) -> None:
    old, new = (await world.signing_keys.current(NOON)).kid, make_key("RS256")
    with pytest.raises(KeyInUse, match="lockhouse keys rotate"):
        await world.database.run(lambda unit: forget_private_half(unit, old, now=NOON))
    plan = await world.database.run(lambda unit: rotate_key(unit, new, keyring=KEYRING, policy=POLICY, now=NOON))
    retired = plan.active_from
    with pytest.raises(UnknownKey, match="there are 2 signing keys"):
        await world.database.run(lambda unit: forget_private_half(unit, "", now=retired))
    with pytest.raises(UnknownKey, match="there is no signing key"):
        await world.database.run(lambda unit: forget_private_half(unit, "nobody's", now=retired))
    assert await world.database.run(lambda unit: forget_private_half(unit, old[:20], now=retired)) == old
    rows = {row.kid: row for row in await world.database.read(lambda unit: unit.execute(_ROWS).all())}
    assert rows[old].private_key is None
    assert rows[new.kid].private_key is not None
    assert old in (await SigningKeys(database=world.database, keyring=KEYRING).register(retired)).verifying


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_client_gets_id_tokens_signed_as_it_asked(small_world: World, algorithm: str) -> None:
    world, new = small_world, make_key(algorithm)
    client = NewClient(client_id="bistro", secret="a-secret-of-the-bistro-4711", id_token_alg=algorithm)

    def prepare(unit: Unit) -> None:
        rotate_key(unit, new, keyring=KEYRING, policy=POLICY, now=NOON, at_once=True)
        world.records.clients.add(unit, client, now=NOON)

    await world.database.run(prepare)
    keys = SigningKeys(database=world.database, keyring=KEYRING, algorithms=("RS256", *ALGORITHMS))
    register = await keys.register(NOON)
    token = (await keys.current(NOON, algorithm)).sign({"iss": ISSUER}, typ="JWT")
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": new.kid, "typ": "JWT"}
    (shown,) = [key for key in register.published if key["kid"] == new.kid]
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(shown)
    assert jwt.decode(token, jwt.PyJWK(dict(shown)), algorithms=[algorithm], issuer=ISSUER) == {"iss": ISSUER}
    found = await world.database.read(lambda unit: world.records.clients.find(unit, "bistro"))
    assert found is not None
    assert found.id_token_alg == algorithm


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", ""])
def test_a_client_asks_only_for_algorithms_that_there_are(algorithm: str) -> None:
    with pytest.raises(ClientInvalid, match="RS256, PS256, ES256, EdDSA"):
        NewClient(client_id="c", secret="x" * 32, id_token_alg=algorithm).check()


async def test_an_algorithm_without_a_key_yet_is_an_error_that_names_it(small_world: World) -> None:
    with pytest.raises(NoSigningKey, match="tokens with ES256"):
        await small_world.signing_keys.current(NOON, "ES256")
