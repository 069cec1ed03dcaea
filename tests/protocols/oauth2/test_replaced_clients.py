"""A client whose registration is replaced: everything but its secret, which stays where it still serves."""

from dataclasses import replace

import pytest

from engine.storage import Database
from protocols.oauth2 import ClientInvalid, Clients, NewClient
from tests.protocols.world import KEYRING, NOON

pytestmark = pytest.mark.anyio

SHOP = NewClient(client_id="shop", secret="s" * 43, name="The Shop", details={"contacts": ["ann@shop.example"]})
KEYED = NewClient(client_id="shop", auth_method="private_key_jwt", jwks_uri="https://shop.example/jwks")
CLIENTS = Clients(keyring=KEYRING)


async def added(database: Database, client: NewClient, origin: str = "operator") -> None:
    await database.run(lambda unit: CLIENTS.add(unit, client, now=NOON, origin=origin, registration_hash=b"h" * 32))


async def replaced(database: Database, client: NewClient) -> bool:
    return await database.run(lambda unit: CLIENTS.replace(unit, client))


async def test_all_that_is_kept_can_be_read_but_for_the_secret(database: Database) -> None:
    await added(database, SHOP, "file:clients")
    kept = await database.run(lambda unit: CLIENTS.find_registered(unit, "shop"))
    assert kept is not None
    assert kept.settings == replace(SHOP, secret=None)
    assert (kept.origin, kept.created_at, kept.disabled, kept.registration_hash) == (
        "file:clients",
        NOON,
        False,
        b"h" * 32,
    )
    assert "hhhh" not in repr(kept)
    assert await database.run(CLIENTS.all_registered) == [kept]
    assert await database.run(lambda unit: CLIENTS.count(unit, "file:clients")) == 1


async def test_everything_is_replaced_and_the_secret_stays(database: Database) -> None:
    await added(database, SHOP, "registration")
    before = await database.run(lambda unit: CLIENTS.find_credentials(unit, "shop"))
    assert await replaced(database, NewClient(client_id="shop", scopes=("openid",)))
    kept = await database.run(lambda unit: CLIENTS.find_registered(unit, "shop"))
    after = await database.run(lambda unit: CLIENTS.find_credentials(unit, "shop"))
    assert kept is not None
    assert after is not None
    assert before is not None
    assert (kept.settings.name, kept.settings.scopes, kept.settings.details) == ("shop", ("openid",), {})
    assert (kept.origin, kept.registration_hash) == ("registration", b"h" * 32)
    assert after.secret_mac == before.secret_mac


async def test_a_new_way_to_prove_itself_needs_what_it_rests_on(database: Database) -> None:
    await added(database, SHOP)
    with pytest.raises(ClientInvalid, match="secret"):
        await replaced(database, replace(SHOP, secret=None, auth_method="client_secret_jwt"))
    assert await replaced(database, KEYED)
    found = await database.run(lambda unit: CLIENTS.find_credentials(unit, "shop"))
    assert found is not None
    assert (found.secret_mac, found.sealed_secret) == (b"", None)
    with pytest.raises(ClientInvalid, match="secret"):
        await replaced(database, replace(SHOP, secret=None))
    assert await replaced(database, replace(SHOP, secret="t" * 43, auth_method="client_secret_jwt"))
    assert await replaced(database, replace(SHOP, secret=None, auth_method="client_secret_jwt", name="Till"))
    signed = await database.run(lambda unit: CLIENTS.find_credentials(unit, "shop"))
    assert signed is not None
    assert CLIENTS.secret_of(signed) == b"t" * 43


async def test_nobody_is_replaced_where_there_is_nobody(database: Database) -> None:
    assert not await replaced(database, SHOP)
    assert await database.run(lambda unit: CLIENTS.find_registered(unit, "shop")) is None
