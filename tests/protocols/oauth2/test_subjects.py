"""Pairwise subjects: one name for a person in each sector, told everywhere, and the way back (requirements 14, 15)."""

import pytest
from sqlalchemy import func, select

from engine.storage import Keyring, Unit
from protocols.oauth2 import REFRESH_GRANT, person_of, subject_for
from protocols.oauth2.tables import SUBJECTS
from tests.protocols.changed import REFRESHING, change, claims_in, given, introspection, userinfo
from tests.protocols.world import BANK, KEYRING, PUSHY, SHOP, World, as_error

pytestmark = pytest.mark.anyio

PAIRWISE = {"subject_type": "pairwise", "sector": "shop.example"}


async def sub_of(world: World, client: str = SHOP) -> str:
    return str(claims_in((await given(world, client=client))["id_token"])["sub"])


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_every_answer_tells_the_same_name_and_never_the_persons_id(world: World, token_format: str) -> None:
    await change(world, token_format=token_format, **PAIRWISE)
    answer = await given(world)
    sub = claims_in(answer["id_token"])["sub"]
    told = await introspection(world, answer["access_token"])
    person = (await userinfo(world, answer["access_token"])).json()
    assert (sub != "sub-ann", told["sub"], person["sub"]) == (True, sub, sub)
    if token_format == "jwt":
        assert claims_in(answer["access_token"])["sub"] == sub
    assert "sub-ann" not in str(told)


async def test_a_name_is_always_the_same_in_a_sector_and_another_elsewhere(world: World) -> None:
    await change(world, **PAIRWISE)
    await change(world, BANK, **PAIRWISE)
    first = await sub_of(world)
    assert await sub_of(world) == await sub_of(world, BANK) == first
    await change(world, BANK, sector="bank.example")
    assert await sub_of(world, BANK) not in (first, "sub-ann")
    rows = await world.database.read(lambda unit: unit.execute(select(func.count()).select_from(SUBJECTS)).scalar())
    assert rows == 2


async def test_a_name_leads_back_to_its_person_in_its_own_sector_only(world: World) -> None:
    await change(world, **PAIRWISE)
    await change(world, BANK, subject_type="pairwise", sector="bank.example")
    sub, clients = await sub_of(world), world.records.clients

    async def person(client_id: str, name: str) -> str | None:
        def look(unit: Unit) -> str | None:
            client = clients.find(unit, client_id)
            assert client is not None
            return person_of(unit, client, name)

        return await world.database.read(look)

    assert await person(SHOP, sub) == "sub-ann"
    assert await person(BANK, sub) is None
    assert await person(SHOP, "sub-ann") is None
    assert await person(PUSHY, "sub-ann") == "sub-ann"


async def test_a_refresh_keeps_the_name_that_the_grant_began_with(world: World) -> None:
    """OpenID Connect Core section 12.2: the same sub as in the first ID token."""
    await change(world, **PAIRWISE, **REFRESHING)
    first = await given(world, scope="openid offline_access")
    await change(world, sector="moved.example")
    form = {"grant_type": REFRESH_GRANT, "refresh_token": first["refresh_token"]}
    again = (await world.post("/oauth2/token", form)).json()
    assert claims_in(again["id_token"])["sub"] == claims_in(first["id_token"])["sub"]
    assert (await userinfo(world, again["access_token"])).json()["sub"] == claims_in(first["id_token"])["sub"]
    assert (await introspection(world, first["refresh_token"]))["sub"] == claims_in(first["id_token"])["sub"]


@pytest.mark.parametrize("sector", ["a", None])
async def test_a_name_tells_nothing_without_the_pepper(small_world: World, sector: str | None) -> None:
    await change(small_world, subject_type="pairwise", sector=sector)
    client = await small_world.database.read(lambda unit: small_world.records.clients.find(unit, SHOP))
    assert client is not None
    other = Keyring({"k1": bytes(range(1, 33))}, "k1")
    assert subject_for(KEYRING, client, "sub-ann") == subject_for(KEYRING, client, "sub-ann")
    assert subject_for(other, client, "sub-ann").told != subject_for(KEYRING, client, "sub-ann").told


async def test_an_id_token_hint_finds_the_person_behind_a_name_of_its_own_sector(world: World) -> None:
    """Pairwise subjects resolve through the requesting client's sector, and through no other."""
    await change(world, **PAIRWISE)
    token = (await given(world))["id_token"]
    auth_req_id = await world.asked(login_hint=None, id_token_hint=token)
    assert (await world.row(auth_req_id)).user_id == "sub-ann"
    await change(world, sector="moved.example")
    assert as_error(await world.ask(login_hint=None, id_token_hint=token)) == (400, "unknown_user_id")
