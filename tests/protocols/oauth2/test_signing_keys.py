"""Signing keys: sealed, published by their public half, kept to verify with (requirements 152, 153)."""

import asyncio
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import bindparam, select, update

from engine.storage import Database, SealBroken, to_micros
from protocols.oauth2 import KeyMaterial, NoSigningKey, SigningKeys, generate_keys, load_assertion_key
from protocols.oauth2.tables import SIGNING_KEYS
from tests.protocols.world import KEYRING, NOON, World

pytestmark = pytest.mark.anyio

_RETIRE = (
    update(SIGNING_KEYS)
    .where(SIGNING_KEYS.c.kid == bindparam("which"))
    .values(retired_at=bindparam("retire"), unpublished_at=bindparam("unpublish"))
)


async def test_the_jwks_holds_the_public_half_of_the_token_keys_only(world: World) -> None:
    """Requirement 153."""
    answer = await world.http.get("/oauth2/jwks")
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert answer.headers["cache-control"] == "public, max-age=300"
    again = await world.http.get("/oauth2/jwks", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert world.assertion_key.kid not in answer.text


async def test_private_keys_are_sealed_for_their_row(world: World, key_material: KeyMaterial) -> None:
    rows = await world.database.run(lambda unit: unit.execute(select(SIGNING_KEYS)).all())
    assert {row.purpose for row in rows} == {"tokens", "assertions"}
    for row in rows:
        assert key_material.tokens.private_key not in row.private_key
        assert key_material.assertions.private_key not in row.private_key
    moved = update(SIGNING_KEYS).where(SIGNING_KEYS.c.purpose == "tokens").values(private_key=bindparam("blob"))
    blob = next(row.private_key for row in rows if row.purpose == "assertions")
    await world.database.run(lambda unit: unit.execute(moved, {"blob": blob}).rowcount)
    with pytest.raises(SealBroken):
        await SigningKeys(database=world.database, keyring=KEYRING).current(NOON)


async def test_a_retired_key_verifies_for_ever_and_leaves_the_jwks_when_told(
    world: World, key_material: KeyMaterial
) -> None:
    """Requirement 152."""
    old = await world.signing_keys.current(NOON)
    second = KeyMaterial.fresh()
    later, gone = NOON + timedelta(minutes=5), NOON + timedelta(hours=1)
    await world.database.run(lambda unit: generate_keys(unit, material=second, keyring=KEYRING, now=later))
    times = {"which": old.kid, "retire": to_micros(later), "unpublish": to_micros(gone)}
    await world.database.run(lambda unit: unit.execute(_RETIRE, times).rowcount)
    keys = SigningKeys(database=world.database, keyring=KEYRING)
    before, after, long_after = [await keys.register(at) for at in (NOON, later, gone)]
    assert (before.signing["RS256"].kid, after.signing["RS256"].kid) == (old.kid, second.tokens.kid)
    assert {key["kid"] for key in before.published} == {old.kid, second.tokens.kid}
    assert {key["kid"] for key in long_after.published} == {second.tokens.kid}
    assert set(long_after.verifying) == {old.kid, second.tokens.kid}
    assert key_material.tokens.kid == old.kid


async def test_the_register_is_read_again_after_five_seconds(world: World) -> None:
    """So a key that was taken out of use at once signs in no other process for longer."""
    first = await world.signing_keys.register(NOON)
    assert await world.signing_keys.register(NOON + timedelta(seconds=4.9)) is first
    assert await world.signing_keys.register(NOON + timedelta(seconds=5)) is not first


async def test_a_crowd_that_needs_the_keys_has_them_read_and_opened_once(world: World) -> None:
    keys = SigningKeys(database=world.database, keyring=KEYRING)
    registers = await asyncio.gather(*(keys.register(NOON) for _ in range(100)))
    assert all(each is registers[0] for each in registers)
    later = await keys.register(NOON + timedelta(minutes=2))
    assert later.signing["RS256"] is registers[0].signing["RS256"]


async def test_without_keys_the_error_says_what_to_do(sqlite_database: Database) -> None:
    with pytest.raises(NoSigningKey, match="lockhouse init"):
        await SigningKeys(database=sqlite_database, keyring=KEYRING).current(NOON)
    with pytest.raises(NoSigningKey, match="assertions"):
        await sqlite_database.read(lambda unit: load_assertion_key(unit, keyring=KEYRING))


async def test_the_assertion_key_signs_with_its_own_type(world: World) -> None:
    token = world.assertion_key.sign({"sub": "ann"})
    header = {"alg": "EdDSA", "kid": world.assertion_key.kid, "typ": "lockhouse-assertion+jwt"}
    assert jwt.get_unverified_header(token) == header
    assert jwt.decode(token, world.assertion_key.public_key, algorithms=["EdDSA"]) == {"sub": "ann"}
