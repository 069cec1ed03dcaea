"""ID Tokens as hints, row by row of the design discussion's table as it was amended (requirements 31, 88)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest
from sqlalchemy import select, update

from engine.storage import Database
from protocols.oauth2 import KeyMaterial, SigningKey
from protocols.oauth2.tables import CLIENTS, SIGNING_KEYS
from protocols.oauth2_ciba import CibaSettings
from protocols.oauth2_ciba.hints import IdTokenHintPolicy, UnknownKey
from protocols.oauth2_ciba.tables import AUDIT
from tests.protocols.oauth2_ciba.signed import KEY, registered, send, send_claims
from tests.protocols.signers import CLIENT, KEYS, STRANGER, private
from tests.protocols.world import BANK, ISSUER, NOON, SECRETS, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio
AT = int(NOON.timestamp())
REFUSED = (400, "invalid_request")


async def ask(world: World, token: str, **changes: str) -> httpx2.Response:
    return await world.ask(login_hint=None, id_token_hint=token, **changes)


async def current(world: World) -> SigningKey:
    return await world.signing_keys.current(world.clock.now())


def claims(**changes: Any) -> dict[str, Any]:
    whole = {"iss": ISSUER, "aud": SHOP, "sub": "sub-ann", "iat": AT - 60, "exp": AT + 60, **changes}
    return {name: value for name, value in whole.items() if value is not ...}


async def approved(world: World) -> str:
    """Return an ID Token that came out of a real approval."""
    auth_req_id = await world.approved()
    return str((await world.poll(auth_req_id)).json()["id_token"])


async def lose(world: World, kid: str) -> None:
    """Lose what a key consists of; the row stays. Keys are remembered for a minute."""
    lost = update(SIGNING_KEYS).where(SIGNING_KEYS.c.kid == kid).values(public_key="", private_key=None)
    await world.database.run(lambda unit: unit.execute(lost).rowcount)


async def test_an_id_token_of_ours_means_its_person(world: World) -> None:
    """Requirement 31; case 20."""
    answer = await ask(world, await approved(world))
    row = await world.row(answer.json()["auth_req_id"])
    assert (row.user_id, row.hint_unverified) == ("sub-ann", False)


async def test_an_expired_token_is_taken_for_400_days(small_world: World) -> None:
    """The table's row "exp expired: ignored"."""
    key = await current(small_world)
    old = AT - 400 * 86400
    assert (await ask(small_world, key.sign(claims(iat=old, exp=old + 60), typ="JWT"))).status_code == 200
    older = key.sign(claims(iat=old - 1, exp=old + 60), typ="JWT")
    assert as_error(await ask(small_world, older)) == REFUSED


ROWS: dict[str, Callable[[SigningKey], str]] = {
    "malformed": lambda _: "x",
    "encrypted": lambda _: "a.b.c.d.e",
    "another issuer": lambda key: key.sign(claims(iss="https://elsewhere.example"), typ="JWT"),
    "another client": lambda key: key.sign(claims(aud=BANK), typ="JWT"),
    "an audience that is no text (case 21)": lambda key: key.sign(claims(aud=[SHOP, 7]), typ="JWT"),
    "no audience": lambda key: key.sign(claims(aud=...), typ="JWT"),
    "no sub": lambda key: key.sign(claims(sub=...), typ="JWT"),
    "an empty sub": lambda key: key.sign(claims(sub=""), typ="JWT"),
    "a sub with NUL": lambda key: key.sign(claims(sub="sub-ann\0"), typ="JWT"),
    "another key under our kid": lambda key: _by(KEYS["RS256"], key.kid),
    "another algorithm under our kid": lambda key: _by(KEY, key.kid),
    "a kid that never was": lambda _: _by(STRANGER, "never"),
    "no kid": lambda key: jwt.encode(claims(), key.private_key, algorithm=key.algorithm, headers={"typ": "JWT"}),
    "not signed": lambda key: jwt.encode(claims(), "", algorithm="none", headers={"kid": key.kid}),
    "signed by a secret": lambda key: jwt.encode(claims(), "s" * 40, algorithm="HS256", headers={"kid": key.kid}),
    "an access token": lambda key: key.sign(claims(), typ="at+jwt"),
    "no iat": lambda key: key.sign(claims(iat=...), typ="JWT"),
    "no exp": lambda key: key.sign(claims(exp=...), typ="JWT"),
    "from the future": lambda key: key.sign(claims(iat=AT + 31), typ="JWT"),
}


def _by(key: Any, kid: str) -> str:
    return jwt.encode(claims(), private(key), algorithm=key.algorithm, headers={"kid": kid, "typ": "JWT"})


@pytest.mark.parametrize("row", ROWS)
async def test_each_row_that_fails_is_an_invalid_request(small_world: World, row: str) -> None:
    assert as_error(await ask(small_world, ROWS[row](await current(small_world)))) == REFUSED


@pytest.mark.parametrize("never", ["not signed", "signed by a secret", "no kid", "an access token"])
async def test_what_is_never_skipped_is_refused_though_unknown_keys_proceed(
    sqlite_database: Database, key_material: KeyMaterial, never: str
) -> None:
    async with make_world(sqlite_database, key_material, policy("proceed")) as world:
        assert as_error(await ask(world, ROWS[never](await current(world)))) == REFUSED


async def test_nobody_behind_the_sub_is_an_unknown_person(small_world: World) -> None:
    key = await current(small_world)
    assert as_error(await ask(small_world, key.sign(claims(sub="gone"), typ="JWT"))) == (400, "unknown_user_id")
    # A sub is a subject id and nothing else: not the user name that a login_hint may be.
    assert as_error(await ask(small_world, key.sign(claims(sub="ann"), typ="JWT"))) == (400, "unknown_user_id")


def policy(unknown_key: UnknownKey, profile: Any = "core") -> CibaSettings:
    hint = IdTokenHintPolicy(unknown_key=unknown_key, max_age=timedelta(days=400))
    return CibaSettings(issuer=ISSUER, id_token_hint=hint, profile=profile)


async def remarks(world: World) -> list[str]:
    asked = select(AUDIT.c.reason).where(AUDIT.c.event == "asked").order_by(AUDIT.c.at)
    return await world.database.run(lambda unit: unit.execute(asked).scalars())


async def test_a_key_that_was_lost_lets_pass_whoever_has_a_grant_already(world: World) -> None:
    token = await approved(world)
    kid = str(jwt.get_unverified_header(token)["kid"])
    world.clock.forward(61)
    await lose(world, kid)
    answer = await ask(world, token)
    assert (await world.row(answer.json()["auth_req_id"])).hint_unverified
    assert (await remarks(world))[-1] == "hint unverified"


@pytest.mark.parametrize("name", ["nobody", "without a grant", "before the key", "after the key", "another algorithm"])
async def test_a_key_that_was_lost_lets_nobody_else_pass(small_world: World, name: str) -> None:
    key = await current(small_world)
    retired = update(SIGNING_KEYS).where(SIGNING_KEYS.c.kid == key.kid).values(retired_at=AT * 1_000_000)
    await approved(small_world)
    small_world.clock.forward(120)
    await lose(small_world, key.kid)
    await small_world.database.run(lambda unit: unit.execute(retired).rowcount)
    changes: dict[str, dict[str, Any]] = {
        "nobody": {"sub": "sub-nobody"},
        "without a grant": {"sub": "sub-bob"},
        "before the key": {"iat": AT - 86400},
        "after the key": {"iat": AT + 90},
    }
    made = KEY if name == "another algorithm" else KEYS[key.algorithm]
    made_claims = claims(**{"iat": AT, **changes.get(name, {})})
    token = jwt.encode(made_claims, private(made), algorithm=made.algorithm, headers={"kid": key.kid})
    expected = (400, "unknown_user_id") if name in ("nobody", "without a grant") else REFUSED
    assert as_error(await ask(small_world, token)) == expected


async def test_any_unknown_key_proceeds_where_the_deployment_says_so(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    """The table's row word for word: signature check skipped."""
    async with make_world(sqlite_database, key_material, policy("proceed")) as world:
        answer = await ask(world, _by(STRANGER, "never"))
        assert (await world.row(answer.json()["auth_req_id"])).hint_unverified
        assert as_error(await ask(world, ROWS["another key under our kid"](await current(world)))) == REFUSED


@pytest.mark.parametrize("unknown_key", ["reject", "proceed"])
async def test_a_financial_profile_rejects_every_unknown_key(
    sqlite_database: Database, key_material: KeyMaterial, unknown_key: UnknownKey
) -> None:
    async with make_world(sqlite_database, key_material, policy(unknown_key)) as world:
        change = {"profile": "fapi-ciba"} if unknown_key == "proceed" else {}
        await registered(world, request_alg="ES256" if change else None, **change)
        token = jwt.encode(
            claims(aud=CLIENT), private(STRANGER), algorithm="ES256", headers={"kid": "never", "typ": "JWT"}
        )
        if change:
            answer = await send_claims(world, login_hint=..., id_token_hint=token, binding_message="x")
        else:
            answer = await send(world, scope="openid", id_token_hint=token)
        assert as_error(answer) == REFUSED
        assert SECRETS[SHOP] not in answer.text


async def test_a_key_that_left_the_jwks_still_verifies(small_world: World) -> None:
    """Public keys stay in the register."""
    token = await approved(small_world)
    kid = str(jwt.get_unverified_header(token)["kid"])
    gone = (
        update(SIGNING_KEYS)
        .where(SIGNING_KEYS.c.kid == kid)
        .values(retired_at=AT * 1_000_000, unpublished_at=AT * 1_000_000, private_key=None)
    )
    await small_world.database.run(lambda unit: unit.execute(gone).rowcount)
    small_world.clock.forward(3600)
    row = await small_world.row((await ask(small_world, token)).json()["auth_req_id"])
    assert (row.user_id, row.hint_unverified) == ("sub-ann", False)


async def test_a_pairwise_name_means_a_person_for_the_sector_that_was_told_it(small_world: World) -> None:
    """Requirement 91."""
    pairwise = {"subject_type": "pairwise", "sector": "client.example"}
    change = update(CLIENTS).where(CLIENTS.c.client_id == SHOP).values(pairwise)
    await small_world.database.run(lambda unit: unit.execute(change).rowcount)
    token = await approved(small_world)
    assert jwt.decode(token, options={"verify_signature": False})["sub"] != "sub-ann"
    row = await small_world.row((await ask(small_world, token)).json()["auth_req_id"])
    assert row.user_id == "sub-ann"
    key = await current(small_world)
    real = key.sign(claims(sub="sub-ann"), typ="JWT")
    assert as_error(await ask(small_world, real)) == (400, "unknown_user_id"), "its sector was never told this name"
