"""Whatever is sent, the answer is one that the specifications know: never a 500, never an echo."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx2
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from engine.storage import Database
from protocols.oauth2 import OAUTH2_TABLES, KeyMaterial
from protocols.oauth2.tables import CLIENTS
from protocols.oauth2_ciba import CIBA_TABLES, CibaSettings, HintIssuer, Limits
from tests.protocols.oauth2_ciba.signed import KEY, object_of, registered
from tests.protocols.signers import CLIENT, KEYS, SECRET, jwks, private
from tests.protocols.world import BANK, GRANT, ISSUER, NOON, SECRETS, SHOP, World, make_world

PARAMETERS = [
    *("scope", "login_hint", "id_token_hint", "login_hint_token", "binding_message", "requested_expiry", "acr_values"),
    *("user_code", "resource", "client_notification_token", "request_context", "request", "request_uri", "nonce"),
]
NAMES = st.sampled_from(
    [
        *PARAMETERS,
        *("client_id", "client_secret", "client_assertion", "client_assertion_type"),
        *("grant_type", "auth_req_id", "assertion"),
    ]
)
Send = Callable[..., httpx2.Response]
CANARY = "cAnArY"
DESK, DESK_KEY = "https://desk.example", KEYS["EdDSA"]
AT = int(NOON.timestamp())
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["openid", "ann", GRANT, SHOP, SECRETS[SHOP], "1", "-1", "9" * 30, "\0", "\ud7ff", CANARY, ISSUER]),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just(10**400), st.just("\ud800")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
CLAIMS = st.sampled_from(
    [*PARAMETERS, *("iss", "aud", "sub", "sub_id", "exp", "iat", "nbf", "jti", "client_id", "format", "typ")]
)
SUB_IDS = st.dictionaries(st.sampled_from(["format", "iss", "sub", "email", "phone_number", "id"]), JSON, max_size=3)
PATHS = st.sampled_from(
    ["/oauth2/bc-authorize", "/oauth2/bc-authorize/cancel", "/oauth2/token", "/oauth2/auth/callback"]
)
KNOWN = {
    *("invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client", "access_denied"),
    *("unsupported_grant_type", "unknown_user_id", "invalid_binding_message", "authorization_pending", "slow_down"),
    *("invalid_target", "missing_user_code", "invalid_user_code", "expired_login_hint_token"),
}
AUTHS = {SHOP: SECRETS[SHOP], BANK: SECRETS[BANK], CLIENT: SECRET}
examples = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Office:
    """One world, kept for all examples: making one costs more than all that is sent to it."""

    def __init__(self, runner: asyncio.Runner, world: World) -> None:
        self._runner, self._world = runner, world

    def post(self, path: str, **options: Any) -> httpx2.Response:
        """Send a request."""
        return self._runner.run(self._world.http.post(path, **options))

    def ask(self, *, client: str = SHOP, **form: str) -> httpx2.Response:
        """Send a backchannel request."""
        return self.post("/oauth2/bc-authorize", data=form, auth=(client, AUTHS[client]))

    def object_with(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the claims of a good request object but for *changes*."""
        return {**object_of(self._world), **changes}

    def id_token(self, claims: Mapping[str, Any]) -> str:
        """Return *claims* as an ID Token of ours."""
        key = self._runner.run(self._world.signing_keys.current(NOON))
        return key.sign(claims, typ="JWT")


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    database = Database.open("sqlite:///:memory:", repeat=True, owners=(OAUTH2_TABLES, CIBA_TABLES))
    many = Limits(pair_pending=9999, pair_minute=9999, person_pending=9999, person_minute=9999, client_pending=99999)
    listed = HintIssuer(issuer=DESK, algorithms=("EdDSA",), jwks=jwks(DESK_KEY))
    told = {"delivery_mode": "ping", "notification_endpoint": "https://client.example/cb"}
    pinged = update(CLIENTS).where(CLIENTS.c.client_id == BANK).values(told)

    async def enter(stack: AsyncExitStack) -> World:
        stack.push_async_callback(database.close)
        rules = CibaSettings(issuer=ISSUER, limits=many, hint_issuers=(listed,))
        world = await stack.enter_async_context(make_world(database, KeyMaterial.fresh(), rules))
        await registered(world, request_alg="ES256", takes_user_code=True)
        await database.run(lambda unit: unit.execute(pinged).rowcount)
        return world

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield Office(runner, runner.run(enter(stack)))
        runner.run(stack.aclose())


def check(answer: httpx2.Response) -> None:
    """Hold the answer against what CIBA Core sections 11 and 13 have."""
    assert answer.status_code in (200, 400, 401, 403, 409)
    body = answer.json()
    if "error" in body:
        assert body["error"] in KNOWN
        assert set(body) <= {"error", "error_description"}
        assert all(32 <= ord(c) < 127 and c not in '"\\' for c in body.get("error_description", ""))
        assert CANARY not in answer.text


def token_of(claims: Mapping[str, Any], key: Any) -> str | None:
    """Return *claims* signed, or None for what the library does not sign."""
    with suppress(TypeError, ValueError):
        return jwt.encode(dict(claims), private(key), algorithm=key.algorithm, headers={"kid": key.kid})
    return None


@pytest.mark.parametrize("header", [True, False])
@settings(parent=examples, max_examples=150)
@given(path=PATHS, form=st.dictionaries(NAMES, TEXTS, max_size=8))
def test_any_parameters_get_an_answer_that_the_specifications_know(
    office: Office, path: str, form: dict[str, str], header: bool
) -> None:
    auth = {"auth": (SHOP, SECRETS[SHOP])} if header else {}
    check(office.post(path, data=form, **auth))


@pytest.mark.parametrize("client", [SHOP, BANK])
@examples
@given(
    form=st.dictionaries(st.sampled_from(PARAMETERS), TEXTS, max_size=4),
    resources=st.lists(TEXTS, max_size=3),
    key=st.one_of(st.none(), st.text(st.characters(codec="latin-1"), max_size=140)),
)
def test_any_parameter_beside_good_ones_gets_such_an_answer(
    office: Office, client: str, form: dict[str, str], resources: list[str], key: str | None
) -> None:
    good = {"scope": "openid", "login_hint": "ann", "client_notification_token": "t"}
    headers = {} if key is None else {"Idempotency-Key": key.encode("latin-1")}
    data = {**good, **form, **({"resource": resources} if resources else {})}
    check(office.post("/oauth2/bc-authorize", data=data, auth=(client, AUTHS[client]), headers=headers))


@examples
@given(changes=st.dictionaries(CLAIMS, st.one_of(JSON, SUB_IDS), max_size=4))
def test_any_claims_of_a_request_object_get_such_an_answer(office: Office, changes: dict[str, Any]) -> None:
    token = token_of(office.object_with(changes), KEY)
    if token is not None:
        check(office.ask(client=CLIENT, request=token))


@examples
@given(changes=st.dictionaries(CLAIMS, st.one_of(JSON, SUB_IDS), max_size=4), nested=st.booleans())
def test_any_claims_of_a_login_hint_token_get_such_an_answer(
    office: Office, changes: dict[str, Any], nested: bool
) -> None:
    good = {"iss": DESK, "aud": ISSUER, "exp": AT + 60, "jti": "j", "sub": "sub-ann"}
    token = token_of({**good, **changes}, DESK_KEY)
    if token is None:
        return
    if nested:
        inside = token_of(office.object_with({"login_hint_token": token}), KEY)
        check(office.ask(client=CLIENT, request=str(inside)))
    else:
        check(office.ask(scope="openid", login_hint_token=token))


@examples
@given(changes=st.dictionaries(CLAIMS, JSON, max_size=3))
def test_any_claims_of_an_id_token_hint_get_such_an_answer(office: Office, changes: dict[str, Any]) -> None:
    good = {"iss": ISSUER, "aud": SHOP, "sub": "sub-ann", "iat": AT, "exp": AT + 60}
    with suppress(TypeError, ValueError):
        token = office.id_token({**good, **changes})
        check(office.ask(scope="openid", id_token_hint=token))


@examples
@given(parts=st.lists(st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_=", max_size=30), min_size=1, max_size=6))
def test_anything_in_the_place_of_a_jwt_gets_such_an_answer(office: Office, parts: list[str]) -> None:
    token = ".".join(parts) or "."
    check(office.ask(client=CLIENT, request=token))
    check(office.ask(scope="openid", id_token_hint=token))
    check(office.ask(scope="openid", login_hint_token=token))
