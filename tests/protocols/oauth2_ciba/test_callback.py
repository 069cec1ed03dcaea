"""The callback: each check is needed, an assertion has one effect, and its answer is remembered."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import select

from protocols.oauth2 import AssertionKey, KeyMaterial, generate_keys, load_assertion_key
from protocols.oauth2.assertion_checks import CHECKS, Evidence, first_failed
from protocols.oauth2.assertions import CallbackAnswer
from protocols.oauth2_ciba.callback import Callback
from protocols.oauth2_ciba.states import State
from protocols.oauth2_ciba.tables import AUDIT
from tests.protocols.oauth2_ciba.test_evaluation import PENDING
from tests.protocols.world import ISSUER, KEYRING, NOON, World, as_error

pytestmark = pytest.mark.anyio

CLAIMED = replace(PENDING, login_execution_id="login", flow_digest="digest", scopes=("openid", "profile"))
NOW = int(NOON.timestamp())
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "ciba",
    "sub": "ann",
    "jti": "j1",
    "iat": NOW,
    "exp": NOW + 60,
    "execution": "login",
    "flow_digest": "digest",
    "correlation": "r1",
    "granted": ["openid"],
    "methods": ["pwd"],
    "auth_time": NOW,
}
EVIDENCE = Evidence(
    claims=GOOD, request=CLAIMED, now=NOON, issuer=ISSUER, audience="ciba", required=frozenset({"openid"})
)
# What each check alone stands against.
WRONG: dict[str, list[Evidence]] = {
    "issuer": [replace(EVIDENCE, claims={**GOOD, "iss": "https://other"})],
    "audience": [
        replace(EVIDENCE, claims={**GOOD, "aud": "other"}),
        replace(EVIDENCE, claims={**GOOD, "aud": ["ciba", "other"]}),
    ],
    "lifetime": [
        replace(EVIDENCE, claims={**GOOD, "iat": NOW - 60, "exp": NOW}),
        replace(EVIDENCE, claims={**GOOD, "exp": NOW + 61}),
        replace(EVIDENCE, claims={**GOOD, "iat": NOW + 6, "exp": NOW + 60}),
        replace(EVIDENCE, claims={**GOOD, "exp": None}),
        replace(EVIDENCE, claims={**GOOD, "iat": True}),
    ],
    "execution": [replace(EVIDENCE, claims={**GOOD, "execution": "other"})],
    "flow_digest": [replace(EVIDENCE, claims={**GOOD, "flow_digest": "other"})],
    "correlation": [replace(EVIDENCE, claims={**GOOD, "correlation": "r2"})],
    "subject": [replace(EVIDENCE, claims={**GOOD, "sub": "bob"})],
    "required": [replace(EVIDENCE, claims={**GOOD, "granted": ["profile"]})],
    "asked": [replace(EVIDENCE, claims={**GOOD, "granted": ["openid", "email"]})],
    "methods": [
        replace(EVIDENCE, claims={**GOOD, "methods": []}),
        replace(EVIDENCE, claims={**GOOD, "methods": "pwd"}),
        replace(EVIDENCE, claims={**GOOD, "methods": [1]}),
    ],
    "auth_time": [
        replace(EVIDENCE, claims={**GOOD, "auth_time": NOW - 1}),
        replace(EVIDENCE, claims={**GOOD, "auth_time": NOW + 6}),
        replace(EVIDENCE, claims={**GOOD, "auth_time": None}),
    ],
    "status": [replace(EVIDENCE, request=replace(CLAIMED, status=s)) for s in State if s is not State.PENDING],
    "expired": [replace(EVIDENCE, request=replace(CLAIMED, expires_at=NOON))],
}


def test_a_good_assertion_passes_every_check() -> None:
    assert first_failed(EVIDENCE) is None


def test_every_check_has_something_that_it_alone_stands_against() -> None:
    assert set(WRONG) == {check.name for check in CHECKS}


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_without_this_check_its_assertion_would_be_accepted(name: str) -> None:
    """Each check is removed in turn: no other one catches what it is there for."""
    others = tuple(check for check in CHECKS if check.name != name)
    for evidence in WRONG[name]:
        assert first_failed(evidence) == name
        assert first_failed(evidence, others) is None


@pytest.mark.parametrize("claims", [{"granted": None}, {"granted": "openid"}, {"granted": [["openid"]]}])
def test_a_malformed_grant_is_refused(claims: dict[str, Any]) -> None:
    assert first_failed(replace(EVIDENCE, claims={**GOOD, **claims})) == "required"


async def test_an_assertion_approves_with_what_was_granted_and_when(world: World) -> None:
    auth_req_id = await world.asked(scope="openid profile email")
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id, granted=["email", "openid"], auth_time=NOW + 1, methods=["pwd", "otp"])
    world.clock.forward(1)
    assert await world.receive(world.assertion_key.sign(claims)) == CallbackAnswer(accepted=True, reason="")
    row = await world.row(auth_req_id)
    assert (row.status, row.granted, row.methods) == (State.APPROVED, ("openid", "email"), ("pwd", "otp"))
    assert row.auth_time == NOON + timedelta(seconds=1)
    assert (await world.poll(auth_req_id)).json()["scope"] == "openid email"


async def test_the_guard_is_asked_in_the_same_unit(world: World) -> None:
    """The last check, which needs the database: without it the same assertion is accepted."""
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    assertion = world.assertion_key.sign(await world.claims(auth_req_id))
    world.people.disabled.add("sub-ann")
    assert await world.receive(assertion) == CallbackAnswer(accepted=False, reason="account")
    row = await world.row(auth_req_id)
    assert (row.status, row.reason) == (State.DENIED, "account")
    assert as_error(await world.poll(auth_req_id)) == (400, "access_denied")

    class Anybody:
        def allows(self, unit: object, *, subject: str, client_id: str) -> bool:
            return True

    world.people.disabled.clear()
    other = await world.asked()
    await world.claimed(other)
    world.people.disabled.add("sub-ann")
    careless = Callback(
        keyring=KEYRING,
        guard=Anybody(),  # type: ignore[arg-type] # a guard that lets everybody pass
        assertion_key=world.assertion_key,
        transitions=world.records.transitions,
        settings=world.settings,
    )
    signed, now = world.assertion_key.sign(await world.claims(other)), world.clock.now()
    assert (await world.database.run(lambda unit: careless.receive(unit, "ciba", signed, now))).accepted


async def test_a_replayed_assertion_has_the_same_answer_and_no_second_effect(world: World) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    assertion = world.assertion_key.sign(await world.claims(auth_req_id))
    first = await world.receive(assertion)
    approved = await world.row(auth_req_id)
    assert await world.receive(assertion) == first
    assert await world.row(auth_req_id) == approved
    assert (await world.poll(auth_req_id)).status_code == 200
    redeemed = await world.row(auth_req_id)
    world.clock.forward(3600)
    assert await world.receive(assertion) == first
    assert await world.row(auth_req_id) == redeemed


async def test_a_retry_that_signs_again_gets_the_same_answer(world: World) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id)
    first = await world.receive(world.assertion_key.sign(claims))
    again = world.assertion_key.sign({**claims, "iat": claims["iat"] + 2, "exp": claims["exp"] + 2})
    assert await world.receive(again) == first


async def test_the_same_jti_with_other_claims_is_refused_and_audited(world: World) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id)
    await world.receive(world.assertion_key.sign(claims))
    altered = world.assertion_key.sign({**claims, "granted": ["openid"]})
    assert await world.receive(altered) == CallbackAnswer(accepted=False, reason="other_claims")
    events = await world.database.run(lambda unit: unit.execute(select(AUDIT.c.event)).scalars())
    assert "assertion with other claims" in events
    posted = await world.http.post("/oauth2/auth/callback", data={"assertion": altered})
    assert (posted.status_code, posted.json()) == (409, {"accepted": False, "reason": "other_claims"})


async def test_another_jti_for_a_decided_request_is_refused_with_its_state(world: World) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id)
    await world.receive(world.assertion_key.sign(claims))
    second = world.assertion_key.sign({**claims, "jti": "another"})
    posted = await world.http.post("/oauth2/auth/callback", data={"assertion": second})
    assert (posted.status_code, posted.json()) == (409, {"accepted": False, "reason": "status:approved"})


async def test_an_assertion_for_another_request_is_refused(world: World) -> None:
    mine, others = await world.asked(), await world.asked(login_hint="bob")
    await world.claimed(mine)
    await world.claimed(others)
    claims = await world.claims(mine)
    for change in ({"correlation": (await world.row(others)).request_id}, {"execution": f"login-{others[:12]}"}):
        answer = await world.receive(world.assertion_key.sign({**claims, **change, "jti": str(change)}))
        assert not answer.accepted
    assert (await world.row(mine)).status is State.PENDING
    assert (await world.row(others)).status is State.PENDING


async def test_an_attempt_that_has_not_claimed_cannot_approve(world: World) -> None:
    auth_req_id = await world.asked()
    await world.open(auth_req_id, "first")
    claims = await world.claims(auth_req_id, execution="first", flow_digest="digest of login_approval")
    assert (await world.receive(world.assertion_key.sign(claims))).reason == "execution"
    await world.open(auth_req_id, "second")
    assert await world.claim(auth_req_id, "second")
    late = await world.claims(auth_req_id, execution="first", jti="later")
    assert (await world.receive(world.assertion_key.sign(late))).reason == "execution"


async def test_the_signature_the_type_and_the_algorithm_are_ours(world: World, key_material: KeyMaterial) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id)
    typ = {"typ": "lockhouse-assertion+jwt"}
    register = await world.signing_keys.register(NOON)
    stranger = AssertionKey(kid=world.assertion_key.kid, private_key=await _strangers_key(world))
    good = world.assertion_key.sign(claims)
    head, payload, signature = good.split(".")
    other_payload = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "bob"}).encode()).rstrip(b"=").decode()
    forged = [
        stranger.sign(claims),
        register.signing["RS256"].sign(claims, typ=typ["typ"]),
        jwt.encode(claims, world.assertion_key.private_key, algorithm="EdDSA", headers={"typ": "JWT"}),
        jwt.encode(claims, "", algorithm="none", headers=typ),
        jwt.encode(claims, "k" * 32, algorithm="HS256", headers=typ),
        f"{head}.{other_payload}.{signature}",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        "",
        "x",
        "a.b.c",
        "\u00e9.b.c",
    ]
    for assertion in forged:
        assert await world.receive(assertion) == CallbackAnswer(accepted=False, reason="signature")
    assert (await world.receive(good)).accepted


async def _strangers_key(world: World) -> Any:
    material, keyring = KeyMaterial.fresh(), KEYRING

    def other(unit: Any) -> AssertionKey:
        generate_keys(unit, material=material, keyring=keyring, now=NOON + timedelta(seconds=1))
        return load_assertion_key(unit, keyring=keyring)

    return (await world.database.run(other)).private_key


@pytest.mark.parametrize("change", [{"jti": None}, {"jti": ""}, {"jti": 7}, {"execution": None}, {"execution": ["x"]}])
async def test_an_assertion_without_its_names_is_refused(small_world: World, change: dict[str, Any]) -> None:
    auth_req_id = await small_world.asked()
    await small_world.claimed(auth_req_id)
    claims = {k: v for k, v in {**await small_world.claims(auth_req_id), **change}.items() if v is not None}
    assert not (await small_world.receive(small_world.assertion_key.sign(claims))).accepted


async def test_over_http_an_approval_is_answered_200_and_a_wrong_one_400(world: World) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    claims = await world.claims(auth_req_id)
    stranger = world.assertion_key.sign({**claims, "execution": "nobody's", "jti": "other"})
    refused = await world.http.post("/oauth2/auth/callback", data={"assertion": stranger})
    assert (refused.status_code, refused.json()) == (400, {"accepted": False, "reason": "execution"})
    accepted = await world.http.post("/oauth2/auth/callback", data={"assertion": world.assertion_key.sign(claims)})
    assert (accepted.status_code, accepted.json()) == (200, {"accepted": True, "reason": ""})


async def test_only_the_registered_callback_receives(small_world: World) -> None:
    answer = await small_world.database.run(lambda unit: small_world.records.receive(unit, "other", "x", NOON))
    assert answer == CallbackAnswer(accepted=False, reason="callback")


Step = Callable[[World, str], Awaitable[object]]


@pytest.mark.parametrize(
    ("status", "decide"),
    [
        ("denied", lambda w, a: w.end("ciba.login", a, f"login-{a[:12]}", "denied", by="person")),
        ("cancelled", lambda w, a: w.post("/oauth2/bc-authorize/cancel", {"auth_req_id": a})),
    ],
)
async def test_an_approval_after_a_decision_is_refused(world: World, status: str, decide: Step) -> None:
    auth_req_id = await world.asked()
    await world.claimed(auth_req_id)
    await decide(world, auth_req_id)
    before = await world.row(auth_req_id)
    answer = await world.receive(world.assertion_key.sign(await world.claims(auth_req_id)))
    assert answer == CallbackAnswer(accepted=False, reason=f"status:{status}")
    assert await world.row(auth_req_id) == before
