"""The register of clients (requirements 8, 12, 13, 104)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.storage import Database
from protocols.oauth2 import ClientExists, ClientInvalid, ClientLimits, Clients, NewClient, mint_secret, secret_weakness
from tests.protocols.world import KEYRING, NOON

pytestmark = pytest.mark.anyio

GOOD = NewClient(client_id="shop", secret="s" * 43)


async def test_a_client_is_read_as_it_was_registered(database: Database) -> None:
    clients = Clients(keyring=KEYRING)
    new = replace(
        GOOD,
        name="The Shop é",
        interval=timedelta(seconds=1),
        max_expiry=timedelta(hours=72),
        auth_method="client_secret_post",
        limits=ClientLimits(pair_pending=100),
        binding_max=64,
        binding_pattern="[A-Z]+",
    )
    await database.run(lambda unit: clients.add(unit, new, now=NOON))
    known = await database.run(lambda unit: clients.find(unit, "shop"))
    assert known is not None
    assert (known.name, known.interval, known.max_expiry) == (new.name, new.interval, new.max_expiry)
    assert (known.limits, known.binding_max, known.binding_pattern) == (new.limits, 64, "[A-Z]+")
    assert (known.auth_method, known.scopes, known.disabled) == ("client_secret_post", tuple(new.scopes), False)
    assert [client.client_id for client in await database.run(clients.all)] == ["shop"]


async def test_an_id_is_given_once(database: Database) -> None:
    clients = Clients(keyring=KEYRING)
    await database.run(lambda unit: clients.add(unit, GOOD, now=NOON))
    with pytest.raises(ClientExists, match="shop"):
        await database.run(lambda unit: clients.add(unit, GOOD, now=NOON))
    assert await database.run(lambda unit: clients.remove(unit, "shop", now=NOON))
    assert not await database.run(lambda unit: clients.remove(unit, "shop", now=NOON))
    assert not await database.run(lambda unit: clients.disable(unit, "shop"))


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("client_id", {"client_id": "a b"}),
        ("client_id", {"client_id": ""}),
        ("secret", {"secret": ""}),
        ("secret", {"secret": "é"}),
        ("name", {"name": "n" * 81}),
        ("name", {"name": "a\nb"}),
        ("delivery_mode", {"delivery_mode": "smoke"}),
        ("scopes", {"scopes": ("profile",)}),
        ("auth_method", {"auth_method": "none"}),
        ("interval", {"interval": timedelta(0)}),
        ("interval", {"interval": timedelta(milliseconds=1500)}),
        ("max_expiry", {"max_expiry": timedelta(hours=73)}),
        ("binding_max", {"binding_max": 0}),
        ("binding_pattern", {"binding_pattern": "("}),
    ],
)
def test_a_setting_that_cannot_be_is_named(setting: str, change: dict[str, object]) -> None:
    """Requirements 8 and 13."""
    with pytest.raises(ClientInvalid) as refused:
        replace(GOOD, **change).check()  # type: ignore[arg-type] # wrong on purpose
    assert refused.value.setting == setting
    assert "expected" in str(refused.value)


async def test_the_secret_is_neither_stored_nor_shown(database: Database) -> None:
    clients = Clients(keyring=KEYRING)
    await database.run(lambda unit: clients.add(unit, GOOD, now=NOON))
    found = await database.run(lambda unit: clients.find_credentials(unit, "shop"))
    assert found is not None
    secret = str(GOOD.secret)
    assert secret.encode() not in found.secret_mac
    assert found.sealed_secret is None
    assert secret not in f"{GOOD!r}{found!r}"


def test_minted_secrets_are_long_differ_and_need_no_escaping() -> None:
    """Requirements 96 and 99."""
    first, second = mint_secret(), mint_secret()
    assert first != second
    assert len(first) == 43
    assert secret_weakness(first) is None


@pytest.mark.parametrize("secret", ["hunter2", "a" * 60, "0123456789" * 3, ""])
def test_a_guessable_secret_is_warned_about(secret: str) -> None:
    assert "128" in (secret_weakness(secret) or "")
