"""login_hint_tokens of listed issuers and of the client itself (requirements 30, 86, 150, 151)."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import jwt
import pytest

from engine.storage import Database
from protocols.oauth2 import KeyMaterial, NewKey
from protocols.oauth2_ciba import CibaSettings
from protocols.oauth2_ciba.hints import HintIssuer
from tests.protocols.oauth2_ciba.signed import KEY, registered, send
from tests.protocols.signers import CLIENT, KEYS, NUMBERS, STRANGER, URL, jwks, private
from tests.protocols.world import BANK, ISSUER, NOON, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio
AT = int(NOON.timestamp())
REFUSED = (400, "invalid_request")
DESK = "https://desk.example"
DESK_KEY = KEYS["PS256"]


def listed(**changes: Any) -> CibaSettings:
    desk = {"issuer": DESK, "algorithms": ("PS256", "ES256"), "jwks": jwks(DESK_KEY), **changes}
    return CibaSettings(issuer=ISSUER, hint_issuers=(HintIssuer(**desk),))


def token(key: NewKey = DESK_KEY, **changes: Any) -> str:
    """Return a good token of the desk but for *changes*."""
    whole = {"iss": DESK, "aud": ISSUER, "exp": AT + 60, "jti": f"h{next(NUMBERS)}", "sub": "sub-ann", **changes}
    claims = {name: value for name, value in whole.items() if value is not ...}
    return jwt.encode(claims, private(key), algorithm=key.algorithm, headers={"kid": key.kid})


async def ask(world: World, hint: str, *, client: str = SHOP) -> httpx2.Response:
    return await world.ask(client=client, login_hint=None, login_hint_token=hint)


async def person(world: World, answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return (await world.row(answer.json()["auth_req_id"])).user_id


NAMES: dict[str, Mapping[str, Any]] = {
    "a subject": {"sub": "sub-ann"},
    "an address": {"sub": ..., "sub_id": {"format": "email", "email": "ann@example.org"}},
    "a telephone": {"sub": ..., "sub_id": {"format": "phone_number", "phone_number": "+12065550100"}},
    "a name of the issuer's": {"sub": ..., "sub_id": {"format": "opaque", "id": "sub-ann"}},
    "the issuer's subject": {"sub": ..., "sub_id": {"format": "iss_sub", "iss": DESK, "sub": "sub-ann"}},
    "our subject": {"sub": ..., "sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": "sub-ann"}},
    "two names of one person": {"sub_id": {"format": "email", "email": "ann@example.org"}},
}


@pytest.mark.parametrize("name", NAMES)
async def test_each_way_to_name_a_person_is_read(
    sqlite_database: Database, key_material: KeyMaterial, name: str
) -> None:
    """Requirement 150."""
    async with make_world(sqlite_database, key_material, listed()) as world:
        world.people.hints["+12065550100"] = ("sub-ann",)
        assert await person(world, await ask(world, token(**NAMES[name]))) == "sub-ann"


WRONG: dict[str, Mapping[str, Any]] = {
    "another audience": {"aud": "https://elsewhere.example"},
    "no audience": {"aud": ...},
    "no exp": {"exp": ...},
    "exp is no number": {"exp": "soon"},
    "lives for ever": {"exp": AT + 400 * 86400},
    "no jti": {"jti": ...},
    "not yet": {"nbf": AT + 31},
    "made tomorrow": {"iat": AT + 31},
    "iat is no number": {"iat": "now"},
    "nobody is named": {"sub": ...},
    "an empty name": {"sub": ""},
    "a name that is no text": {"sub": 7},
    "an unknown issuer": {"iss": "https://elsewhere.example"},
    "no issuer": {"iss": ...},
    "an unknown format": {"sub_id": {"format": "did", "url": "did:x"}},
    "a format that is no text": {"sub_id": {"format": ["email"]}},
    "no format": {"sub_id": {"email": "ann@example.org"}},
    "no object": {"sub_id": "ann"},
    "a missing member": {"sub_id": {"format": "email"}},
    "another member": {"sub_id": {"format": "email", "email": "a@b.example", "x": 1}},
    "a member that is no text": {"sub_id": {"format": "email", "email": 7}},
    "a telephone that is not E.164": {"sub_id": {"format": "phone_number", "phone_number": "0206 555 0100"}},
    "a third party's subject": {"sub_id": {"format": "iss_sub", "iss": "https://elsewhere.example", "sub": "x"}},
}


@pytest.mark.parametrize("name", WRONG)
async def test_each_fault_is_an_invalid_request(
    sqlite_database: Database, key_material: KeyMaterial, name: str
) -> None:
    """Requirements 30, 150."""
    async with make_world(sqlite_database, key_material, listed()) as world:
        assert as_error(await ask(world, token(**WRONG[name]))) == REFUSED


TOKENS: dict[str, Callable[[], str]] = {
    "no JWT": lambda: "x",
    "not signed": lambda: jwt.encode({"iss": DESK, "sub": "sub-ann"}, "", algorithm="none"),
    "signed by a secret": lambda: jwt.encode({"iss": DESK, "sub": "sub-ann"}, "s" * 40, algorithm="HS256"),
    "a key that is not listed": lambda: token(STRANGER),
    "an algorithm that is not listed": lambda: token(KEYS["RS256"]),
    "another key under a listed kid": lambda: jwt.encode(
        {"iss": DESK, "sub": "sub-ann"}, private(KEYS["RS256"]), algorithm="PS256", headers={"kid": DESK_KEY.kid}
    ),
}


@pytest.mark.parametrize("name", TOKENS)
async def test_what_does_not_verify_is_an_invalid_request(
    sqlite_database: Database, key_material: KeyMaterial, name: str
) -> None:
    async with make_world(sqlite_database, key_material, listed()) as world:
        assert as_error(await ask(world, TOKENS[name]())) == REFUSED


async def test_an_expired_token_has_an_error_of_its_own(database: Database, key_material: KeyMaterial) -> None:
    """Requirement 30."""
    async with make_world(database, key_material, listed()) as world:
        expired = (400, "expired_login_hint_token")
        assert as_error(await ask(world, token(exp=AT - 31))) == expired
        assert as_error(await ask(world, token(STRANGER, exp=AT - 31))) == REFUSED, "nobody verified that it has"


async def test_nobody_of_that_name_or_two_people_are_an_unknown_person(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    unknown = (400, "unknown_user_id")
    async with make_world(sqlite_database, key_material, listed()) as world:
        assert as_error(await ask(world, token(sub="sub-nobody"))) == unknown
        assert as_error(await ask(world, token(sub="ann"))) == unknown, "a sub is no user name here"
        two: dict[str, Any] = {"sub": "sub-bob", "sub_id": {"format": "email", "email": "ann@example.org"}}
        assert as_error(await ask(world, token(**two))) == unknown


async def test_a_token_counts_once(database: Database, key_material: KeyMaterial) -> None:
    """Requirement 151."""
    async with make_world(database, key_material, listed()) as world:
        hint = token()
        assert (await ask(world, hint)).status_code == 200
        assert as_error(await ask(world, hint)) == REFUSED
        assert as_error(await ask(world, hint, client=BANK)) == REFUSED


async def test_an_issuer_may_be_listed_for_some_clients_only(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    """Requirement 151."""
    async with make_world(sqlite_database, key_material, listed(clients=frozenset({SHOP}))) as world:
        assert (await ask(world, token())).status_code == 200
        assert as_error(await ask(world, token(), client=BANK)) == REFUSED


async def test_an_issuer_may_call_people_by_their_user_names(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    async with make_world(sqlite_database, key_material, listed(naming="username")) as world:
        assert await person(world, await ask(world, token(sub="bob"))) == "sub-bob"
        assert as_error(await ask(world, token(sub="sub-bob"))) == (400, "unknown_user_id")


async def test_an_issuers_keys_may_live_elsewhere(sqlite_database: Database, key_material: KeyMaterial) -> None:
    async with make_world(sqlite_database, key_material, listed(jwks=None, jwks_uri=URL)) as world:
        assert as_error(await ask(world, token())) == (503, "temporarily_unavailable")
        world.shelf.sets[URL] = jwks(DESK_KEY).encode()
        world.clock.forward(61)
        assert (await ask(world, token(exp=AT + 120))).status_code == 200


async def test_a_client_may_sign_for_itself_with_the_names_that_we_told_it(world: World) -> None:
    await registered(world)
    assert await person(world, await send(world, scope="openid", login_hint_token=token(KEY, iss=CLIENT))) == "sub-ann"
    assert as_error(await ask(world, token(KEY, iss=CLIENT))) == REFUSED, "another client cannot show it"
    stranger = token(STRANGER, iss=CLIENT)
    assert as_error(await send(world, scope="openid", login_hint_token=stranger)) == REFUSED
    two = token(KEY, iss=CLIENT, sub_id={"format": "opaque", "id": "sub-bob"})
    assert as_error(await send(world, scope="openid", login_hint_token=two)) == REFUSED
    no_keys = token(STRANGER, iss=SHOP)
    assert as_error(await ask(world, no_keys)) == REFUSED
