"""What changes while a request is verified, or its user code compared, is seen by the unit that stores it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from engine.storage import Database, Unit
from protocols.oauth2 import Form, KeyMaterial, OAuthError, presented
from protocols.oauth2.confirmations import Sender
from protocols.oauth2_ciba import CibaSettings
from protocols.oauth2_ciba.initiation import Asked
from protocols.oauth2_ciba.requests import Ids
from protocols.oauth2_ciba.user_codes import NoUserCodes
from tests.protocols.changed import change
from tests.protocols.oauth2_ciba.signed import object_of, registered, send, send_claims, signed
from tests.protocols.signers import CLIENT, KEYS, SECRET, jwks
from tests.protocols.world import ISSUER, SHOP, World, as_error, make_world

pytestmark = pytest.mark.anyio
REFUSED = (400, "invalid_request")


@dataclass
class Restless:
    """Ann changes her code each time that somebody compares it, and then one time more not."""

    changes: int
    code: int = 1
    compared: list[str] = field(default_factory=list)

    def kept(self, unit: Unit, subject: str) -> str | None:
        return str(self.code)

    def reserve(self, unit: Unit, *, subject: str, client_id: str, now: datetime) -> timedelta | None:
        return None

    def succeeded(self, unit: Unit, *, subject: str, client_id: str) -> None:
        pass

    async def matches(self, kept: str | None, code: str) -> bool:
        self.compared.append(str(kept))
        if self.changes:
            self.changes -= 1
            self.code += 1
        return kept == code


@pytest.mark.parametrize(
    ("changes", "code", "answered", "compared"),
    [
        (1, "2", (200, None), ["1", "2"]),
        (1, "1", (400, "invalid_user_code"), ["1", "2"]),
        (9, "1", (503, "temporarily_unavailable"), ["1", "2", "3"]),
    ],
)
async def test_a_code_that_was_changed_meanwhile_is_compared_again(
    sqlite_database: Database,
    key_material: KeyMaterial,
    *,
    changes: int,
    code: str,
    answered: tuple[int, str | None],
    compared: list[str],
) -> None:
    codes = Restless(changes)
    async with make_world(sqlite_database, key_material, user_codes=codes) as world:
        await change(world, takes_user_code=1)
        answer = await world.ask(user_code=code)
        assert (answer.status_code, answer.json().get("error")) == answered
        assert codes.compared == compared


async def test_without_user_codes_whatever_is_sent_is_accepted(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    async with make_world(sqlite_database, key_material, user_codes=NoUserCodes()) as world:
        await change(world, takes_user_code=1)
        await world.asked(user_code="anything")
        await world.asked()


async def test_an_object_counts_no_more_once_its_client_has_registered_another_algorithm(world: World) -> None:
    """The signature is verified before the unit, and the client's row is read again inside it."""
    await registered(world, request_alg="ES256", jwks=jwks(KEYS["ES256"], KEYS["EdDSA"]))
    form = Form({"request": (signed(object_of(world)),), "client_id": (CLIENT,), "client_secret": (SECRET,)})
    authorization, now = world.ciba._authorization, world.clock.now()
    verified = await authorization._signatures.verify(form, CLIENT, now)
    shown = presented(form, [], issuer=ISSUER)
    asked = Asked(verified=verified, shown=shown, sender=Sender(), keys=(), ids=Ids.fresh())
    await change(world, client=CLIENT, request_alg="EdDSA")
    with pytest.raises(OAuthError, match="registered for this client"):
        await world.database.run(lambda unit: authorization._initiation.take(unit, asked, now=now))


async def test_a_delivery_mode_that_the_deployments_profile_has_lost_is_refused(
    sqlite_database: Database, key_material: KeyMaterial
) -> None:
    """Requirement 106, also for a client from before the profile."""
    async with make_world(sqlite_database, key_material, CibaSettings(issuer=ISSUER)) as world:
        told = {"delivery_mode": "push", "notification_endpoint": "https://client.example/cb"}
        await change(world, profile="fapi-ciba", **told)
        assert as_error(await world.ask()) == (400, "unauthorized_client")


async def test_an_algorithm_that_the_profile_has_lost_signs_no_request(small_world: World) -> None:
    """Requirement 117."""
    await registered(small_world, request_alg="EdDSA", jwks=jwks(KEYS["EdDSA"]))
    await change(small_world, client=CLIENT, profile="fapi-ciba")
    token = signed(object_of(small_world, binding_message="x"), KEYS["EdDSA"])
    assert as_error(await send(small_world, token)) == REFUSED


async def test_what_nobody_signed_is_still_client_authentication_first(small_world: World) -> None:
    await registered(small_world)
    token = signed({**object_of(small_world), "iss": "nobody", "sub": "sub-ann"})
    form = {"scope": "openid", "login_hint_token": token}
    answer = await small_world.http.post("/oauth2/bc-authorize", data=form, auth=("nobody", "x"))
    assert as_error(answer) == (401, "invalid_client")
    assert as_error(await send_claims(small_world)) == REFUSED
    assert as_error(await small_world.ask(client=SHOP, request=token)) == REFUSED
