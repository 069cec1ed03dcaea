"""1R. Security and privacy (CIBA Core sections 14 and 15), and hints that are signed (7.1)."""

import itertools
from collections.abc import AsyncIterator, Mapping
from typing import Any

import jwt
import pytest

from engine.storage import Database
from protocols.oauth2 import KeyMaterial, make_key
from protocols.oauth2_ciba import CibaSettings
from protocols.oauth2_ciba.hints import HintIssuer
from tests.protocols.changed import change
from tests.protocols.oauth2_ciba.notices import ENDPOINT, TOKEN, notified
from tests.protocols.world import BANK, ISSUER, NOON, SHOP, World, as_error, make_world
from tests.spec.parties import KEY, OTHER_KEY, Signer, approved_tokens, key_set
from tests.spec.registering import PAIRWISE, Registrar
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

ID_HINTS = "protocols/oauth2_ciba/id_token_hints.py"
TOKEN_HINTS = "protocols/oauth2_ciba/login_hint_tokens.py"
SIGNATURES = "protocols/oauth2_ciba/signatures.py"
LIMITS = "protocols/oauth2_ciba/limits.py"
DESK, AT = "https://desk.example", int(NOON.timestamp())
REFUSED = (400, "invalid_request")
EDDSA_KEY = make_key("EdDSA")
NUMBERS = itertools.count(1)


@pytest.fixture
async def desk_world(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    """A world in which the hints of one issuer are taken, from the shop."""
    desk = HintIssuer(issuer=DESK, algorithms=("ES256",), jwks=key_set(KEY, EDDSA_KEY), clients=frozenset({SHOP}))
    settings = CibaSettings(issuer=ISSUER, hint_issuers=(desk,))
    async with make_world(sqlite_database, key_material, settings) as world:
        yield world


def desk_token(world: World, **changes: Any) -> str:
    """Return a good login_hint_token but for *changes*."""
    desk = Signer(world=world, key=KEY, client_id=DESK)
    whole = {"iss": DESK, "aud": ISSUER, "exp": AT + 60, "jti": f"hint-{next(NUMBERS)}", "sub": "sub-ann"}
    return desk.signed({**whole, **changes})


async def hinted(world: World, token: str, *, client: str = SHOP) -> tuple[int, str]:
    answer = await world.ask(login_hint=None, login_hint_token=token, client=client)
    return (200, "") if answer.status_code == 200 else as_error(answer)


async def id_hinted(world: World, token: str, *, client: str = SHOP) -> tuple[int, str]:
    answer = await world.ask(login_hint=None, id_token_hint=token, client=client)
    return (200, "") if answer.status_code == 200 else as_error(answer)


@requirement(
    30,
    "A login_hint_token: expired is `expired_login_hint_token`, nobody `unknown_user_id`, all else `invalid_request`",
    Mutation(TOKEN_HINTS, 'OAuthError("expired_login_hint_token"', 'OAuthError("invalid_request"'),
)
async def test_030_faults_of_a_login_hint_token(desk_world: World) -> None:
    world = desk_world
    assert await hinted(world, desk_token(world)) == (200, "")
    assert await hinted(world, desk_token(world, exp=AT - 60)) == (400, "expired_login_hint_token")
    assert await hinted(world, desk_token(world, sub="sub-nobody")) == (400, "unknown_user_id")
    assert await hinted(world, "no token") == REFUSED


@requirement(
    31,
    "An id_token_hint is an ID Token of ours to this client; expired is fine",
    Mutation(ID_HINTS, "if client_id not in audiences_of(claims):", "if not audiences_of(claims):"),
    Mutation(ID_HINTS, "        verify_signature(signed, key)\n", "        pass\n"),
    Mutation(ID_HINTS, "if issued_at < at - policy.max_age.total_seconds():", 'if (moment(claims, "exp") or 0) < at:'),
)
async def test_031_an_id_token_of_ours_is_a_hint(world: World) -> None:
    token = (await approved_tokens(world))["id_token"]
    assert await id_hinted(world, token) == (200, "")
    assert await id_hinted(world, token, client=BANK) == REFUSED
    head, claims, _ = token.split(".")
    assert await id_hinted(world, f"{head}.{claims}.{'A' * 342}") == REFUSED
    world.clock.forward(90 * 24 * 3600)
    assert await id_hinted(world, token) == (200, "")


@requirement(
    86,
    "A login_hint_token is signed by its issuer, one that is listed for this client, or by the client",
    Mutation(
        SIGNATURES,
        "            verify_signature(signed, key)\n        except JwtRefused as error:\n            raise hint_",
        "            pass\n        except JwtRefused as error:\n            raise hint_",
    ),
    Mutation(
        SIGNATURES, "listed.clients is not None and client_id not in listed.clients", "listed.clients == client_id"
    ),
)
async def test_086_a_login_hint_token_is_signed_by_a_listed_issuer(desk_world: World) -> None:
    world = desk_world
    forged = Signer(world=world, key=OTHER_KEY, headers={"kid": KEY.kid})
    claims = jwt.decode(desk_token(world), options={"verify_signature": False})
    assert await hinted(world, forged.signed(claims)) == REFUSED
    assert await hinted(world, desk_token(world), client=BANK) == REFUSED
    assert await hinted(world, desk_token(world, iss="https://other.example")) == REFUSED


@requirement(
    87,
    "The notification endpoint is the client's: what it is called with is what the client gave for this request",
    Mutation(
        "protocols/oauth2_ciba/deliveries.py",
        '"recipient": to.client.notification_endpoint or "",',
        '"recipient": "https://elsewhere.example/cb",',
    ),
)
async def test_087_the_endpoint_is_called_with_the_requests_own_token(world: World) -> None:
    async with notified(world, "ping") as client:
        for token in ("first-token-of-the-client", "second-token-of-the-client"):
            auth_req_id = await world.asked(client_notification_token=token)
            await world.approve(auth_req_id)
            (sent,) = await client.deliver()
            assert (sent.url, sent.token, sent.json["auth_req_id"]) == (ENDPOINT, token, auth_req_id)


@requirement(
    88,
    "Issuer, audience and signature of an id_token_hint are checked, expiry is tolerated",
    Mutation(ID_HINTS, 'if claims.get("iss") != issuer:', 'if not claims.get("iss"):'),
    Mutation(ID_HINTS, "if signed.typ not in _TYPES:", "if signed.typ in _TYPES and not claims:"),
    Mutation(
        ID_HINTS,
        '    if signed.kid is None or unknown_key == "reject":',
        "    if signed.kid is None:\n        return Hint(told=subject)\n    if not subject:",
    ),
)
async def test_088_an_id_token_hint_is_checked(world: World) -> None:
    key, claims = await world.signing_keys.current(NOON), {"sub": "sub-ann", "iat": AT, "exp": AT + 60}
    ours = {"iss": ISSUER, "aud": SHOP, **claims}
    assert await id_hinted(world, key.sign(ours, typ="JWT")) == (200, "")
    assert await id_hinted(world, key.sign({**ours, "iss": "https://other.example"}, typ="JWT")) == REFUSED
    assert await id_hinted(world, key.sign(ours, typ="at+jwt")) == REFUSED
    assert await id_hinted(world, jwt.encode(ours, key.private_key, algorithm="RS256")) == REFUSED
    assert await id_hinted(world, jwt.encode(ours, "", algorithm="none")) == REFUSED


@requirement(
    90,
    "Requests that nobody asked for are limited: by client and person, and by person",
    Mutation(LIMITS, "    if pair.pending >= limits.pair_pending:", "    if pair.pending < 0:"),
    Mutation(LIMITS, "    if pair.recent >= limits.pair_minute:", "    if pair.recent < 0:"),
)
async def test_090_nobody_is_flooded_with_requests(world: World) -> None:
    asked = [await world.asked() for _ in range(3)]
    assert as_error(await world.ask()) == (403, "access_denied")
    for auth_req_id in asked:
        await world.post("/oauth2/bc-authorize/cancel", {"auth_req_id": auth_req_id})
    answers = [await world.ask() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert int(answers[-1].headers["retry-after"]) > 0


@requirement(
    91,
    "Pairwise subjects serve as hints, within their sector",
    Mutation(
        "protocols/oauth2_ciba/addressees.py", "person = person_of(unit, client, hint.told)", "person = hint.told"
    ),
)
async def test_091_a_pairwise_subject_is_a_hint(registrar: Registrar) -> None:
    world = registrar.world
    world.shelf.sets[str(PAIRWISE["jwks_uri"])] = registrar.keys().encode()
    told = await registrar.registered(**PAIRWISE)
    client = Signer(world=world, key=KEY, client_id=told["client_id"])
    asked = await client.ask()
    auth_req_id = asked.json()["auth_req_id"]
    await world.approve(auth_req_id)
    token = (await client.poll(auth_req_id)).json()["id_token"]
    assert jwt.decode(token, options={"verify_signature": False})["sub"] != "sub-ann"
    form: Mapping[str, str] = {"scope": "openid", "id_token_hint": token, **client.proof()}
    again = await world.http.post("/oauth2/bc-authorize", data=dict(form))
    assert again.status_code == 200, again.text
    assert (await world.row(again.json()["auth_req_id"])).user_id == "sub-ann"


@requirement(
    92,
    "Whether somebody exists is told to authenticated clients only, and not at all where the deployment hides it",
    Mutation(
        "protocols/oauth2_ciba/addressees.py",
        "            if not self._as_if_known:\n                raise error\n        lock",
        "            raise error\n        lock",
    ),
)
async def test_092_who_exists_can_be_hidden(sqlite_database: Database, key_material: KeyMaterial) -> None:
    settings = CibaSettings(issuer=ISSUER, answer_as_if_known=True)
    async with make_world(sqlite_database, key_material, settings) as world:
        known, unknown = await world.ask(), await world.ask(login_hint="nobody@example.org")
        assert known.status_code == unknown.status_code == 200
        assert set(known.json()) == set(unknown.json())
        assert as_error(await world.poll(unknown.json()["auth_req_id"])) == (400, "authorization_pending")
        form = {"scope": "openid", "login_hint": "nobody@example.org"}
        assert as_error(await world.http.post("/oauth2/bc-authorize", data=form)) == (401, "invalid_client")


@requirement(
    89,
    "A push client that is registered for bound tokens and shows no key gets none, and nobody is asked",
    Mutation(
        "protocols/oauth2_ciba/initiation.py",
        "confirm(unit, client, asked.sender) if client.delivery_mode == PUSH else None",
        "None",
    ),
)
async def test_089_a_bound_push_client_shows_its_key(world: World) -> None:
    async with notified(world, "push"):
        for certificate, key in ((1, 0), (0, 1)):
            await change(world, certificate_bound=certificate, dpop_bound=key)
            assert as_error(await world.ask(client_notification_token=TOKEN)) == (400, "invalid_request")
    assert not world.flows.started


@requirement(
    150,
    "Every format of RFC 9493 that we take names its person; others are `invalid_request`; numbers are E.164",
    Mutation(TOKEN_HINTS, '    if form == "email":', '    if form == "mail":'),
    Mutation(TOKEN_HINTS, "if not _E164.fullmatch(number):", "if not number:"),
    Mutation(TOKEN_HINTS, "or form not in _FORMATS:", 'or form == "":'),
)
async def test_150_each_format_names_its_person(desk_world: World) -> None:
    world = desk_world
    world.people.hints["+12065550100"] = ("sub-ann",)
    for sub_id in (
        {"format": "iss_sub", "iss": DESK, "sub": "sub-ann"},
        {"format": "email", "email": "ann@example.org"},
    ):
        assert await hinted(world, desk_token(world, sub=..., sub_id=sub_id)) == (200, ""), sub_id
    world.clock.forward(61)
    at = {"sub": ..., "exp": AT + 600}
    phone = {"format": "phone_number", "phone_number": "+12065550100"}
    assert await hinted(world, desk_token(world, **at, sub_id=phone)) == (200, "")
    for wrong in ({**phone, "phone_number": "2065550100"}, {"format": "did", "url": "did:x:y"}, {"format": "email"}):
        assert await hinted(world, desk_token(world, **at, sub_id=wrong)) == REFUSED, wrong


@requirement(
    151,
    "Issuers of hints are listed with their keys, algorithms and clients",
    Mutation(SIGNATURES, "listed is not None and signed.algorithm in listed.algorithms", "listed is not None"),
)
async def test_151_a_listed_issuer_has_its_algorithms(desk_world: World) -> None:
    claims = jwt.decode(desk_token(desk_world), options={"verify_signature": False})
    listed = desk_world.settings.hint_issuers[0]
    assert (listed.issuer, listed.clients) == (DESK, frozenset({SHOP}))
    for algorithm, expected in (("ES256", (200, "")), ("EdDSA", REFUSED)):
        key = KEY if algorithm == "ES256" else EDDSA_KEY
        token = Signer(world=desk_world, key=key).signed({**claims, "jti": algorithm})
        assert await hinted(desk_world, token) == expected
