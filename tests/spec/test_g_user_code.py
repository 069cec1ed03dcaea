"""1G. User codes (CIBA Core section 7.1.2)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from engine.storage import Database, Unit
from protocols.oauth2 import KeyMaterial
from tests.protocols.changed import change
from tests.protocols.world import World, as_error, make_world
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

CODES = "protocols/oauth2_ciba/user_codes.py"
CODE = "2846"


@dataclass
class OnesCode:
    """Ann has a code, kept in clear since this is a test; after three tries nobody may try for a minute."""

    tries: int = 0

    def kept(self, unit: Unit, subject: str) -> str | None:
        return CODE if subject == "sub-ann" else None

    def reserve(self, unit: Unit, *, subject: str, client_id: str, now: datetime) -> timedelta | None:
        return timedelta(minutes=1) if self.tries >= 3 else None

    def succeeded(self, unit: Unit, *, subject: str, client_id: str) -> None:
        self.tries = 0

    async def matches(self, kept: str | None, code: str) -> bool:
        self.tries += 1
        return kept == code


@pytest.fixture
async def guarded(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    """A world whose shop is registered for user codes; Ann has one."""
    async with make_world(sqlite_database, key_material, user_codes=OnesCode()) as world:
        await change(world, takes_user_code=1)
        yield world


@requirement(
    34,
    "`user_code` is a parameter that goes by section 1G, and is not stored",
    Mutation(
        "protocols/oauth2_ciba/sent_parameters.py", '*("binding_message", "user_code"),', '*("binding_message",),'
    ),
)
async def test_034_a_user_code_is_read(guarded: World) -> None:
    row = await guarded.row(await guarded.asked(user_code=CODE))
    assert CODE not in repr(row)


@requirement(
    44,
    "People without a code, and clients that are not registered for them, go without",
    Mutation(CODES, "    if not client.takes_user_code:", "    if client is None:"),
    Mutation(
        CODES,
        "        if kept is not None:\n            raise OAuthError",
        "        if client:\n            raise OAuthError",
    ),
)
async def test_044_who_has_none_needs_none(guarded: World) -> None:
    assert (await guarded.ask(login_hint="bob")).status_code == 200
    assert (await guarded.ask(client="bank")).status_code == 200
    assert (await guarded.ask(client="bank", user_code="wrong")).status_code == 200


@requirement(
    45,
    "Missing is `missing_user_code`, wrong is `invalid_user_code`, guessing is limited",
    Mutation(CODES, '"missing_user_code"', '"invalid_user_code"'),
    Mutation(CODES, "    if kept is not None and not checked.matched:", "    if kept is not None and checked is None:"),
    Mutation(CODES, "        if wait is not None:", "        if wait == 0:"),
)
async def test_045_a_code_is_required_compared_and_not_guessed(guarded: World) -> None:
    assert as_error(await guarded.ask()) == (400, "missing_user_code")
    for _ in range(3):
        assert as_error(await guarded.ask(user_code="0000")) == (400, "invalid_user_code")
    answer = await guarded.ask(user_code=CODE)
    assert as_error(answer) == (403, "access_denied")
    assert int(answer.headers["retry-after"]) > 0
