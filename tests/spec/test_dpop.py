"""DPoP (RFC 9449)."""

from typing import Any

import httpx2
import jwt
import pytest

from protocols.oauth2.sender_proofs import shared_nonces
from tests.protocols.changed import REFRESHING, change, introspection
from tests.protocols.provers import ASK_URL, KEY, OTHER_KEY, fresh, hash_of, proof, prove
from tests.protocols.world import ISSUER, KEYRING, NOON, World, as_error
from tests.spec.parties import claims_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

DPOP = "protocols/oauth2/dpop.py"
SENDERS = "protocols/oauth2/sender_proofs.py"
URL = f"{ISSUER}/oauth2/userinfo"
PENDING, INVALID = (400, "authorization_pending"), (400, "invalid_dpop_proof")


async def bound_token(world: World) -> str:
    return str((await prove(world, await world.approved(), fresh(world))).json()["access_token"])


async def told(world: World, token: str, shown: str | None, scheme: str = "DPoP") -> httpx2.Response:
    headers = {"Authorization": f"{scheme} {token}", **({} if shown is None else {"DPoP": shown})}
    return await world.http.get("/oauth2/userinfo", headers=headers)


def for_token(world: World, token: str, **changes: Any) -> str:
    claims: dict[str, Any] = {"htm": "GET", "htu": URL, "ath": hash_of(token), **changes}
    return fresh(world, **claims)


@requirement(
    129,
    "A proof is one header, a JWT of type `dpop+jwt` by the public key that it names, with jti, method, address and "
    "time, and with the hash of the token that it comes with (section 4.3)",
    Mutation(DPOP, "    if len(headers) != 1:", "    if not headers:"),
    Mutation(DPOP, 'if header.get("typ") != _TYPE or', "if"),
    Mutation(DPOP, 'if claims["htm"] != call.method:', 'if not claims["htm"]:'),
    Mutation(DPOP, "if not any(_same_address(", "if not any(len("),
    Mutation(DPOP, '    _check_time(claims["iat"], call.now)\n', ""),
    Mutation(DPOP, '"require": ["jti", "htm", "htu", "iat"]', '"require": ["jti", "htm", "htu"]'),
    Mutation(
        DPOP, 'if call.access_token is not None and not _is_for(call.access_token, claims.get("ath")):', "if False:"
    ),
)
async def test_129_every_check_of_a_proof(world: World) -> None:
    auth_req_id, at = await world.asked(), int(NOON.timestamp())
    wrong: list[dict[str, Any]] = [
        {"htm": "GET"},
        {"htu": ASK_URL},
        {"htu": f"{ISSUER}/oauth2/token/x"},
        {"iat": at + 60},
        {"iat": at - 200},
        {"iat": ...},
        {"jti": ...},
        {"header": {"typ": "JWT"}},
        {"header": {"jwk": dict(OTHER_KEY.public_jwk)}},
        {"header": {"jwk": {**KEY.public_jwk, "d": "AAAA"}}},
    ]
    for changes in wrong:
        assert as_error(await prove(world, auth_req_id, fresh(world, **changes))) == INVALID, changes
    claims = jwt.decode(fresh(world), options={"verify_signature": False})
    shared = jwt.encode(claims, "s" * 32, algorithm="HS256", headers={"typ": "dpop+jwt", "jwk": dict(KEY.public_jwk)})
    assert as_error(await prove(world, auth_req_id, shared)) == INVALID
    form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": auth_req_id}
    twice = [("DPoP", fresh(world)), ("DPoP", fresh(world))]
    basic = httpx2.BasicAuth("shop", "shop-secret-" + "s" * 40)
    answer = await world.http.post("/oauth2/token", data=form, auth=basic, headers=twice)
    assert as_error(answer) == INVALID
    assert as_error(await prove(world, auth_req_id, fresh(world, htu=f"{ISSUER}:443/oauth2/token?x=1"))) == PENDING
    token = await bound_token(world)
    for ath in ({"ath": hash_of("another")}, {"ath": ...}):
        assert as_error(await told(world, token, for_token(world, token, **ath)))[1] == "invalid_dpop_proof"
    assert (await told(world, token, for_token(world, token))).status_code == 200


@requirement(
    130,
    "Nonces are stateless, the same in all processes, and change with time; the answer names the next one (section 8)",
    Mutation(DPOP, "if nonces is not None and not nonces.accepts(", "if nonces is not None and nonces.accepts is ("),
    Mutation("protocols/oauth2/endpoints.py", "response.headers[NONCE_HEADER] = nonce", "pass"),
    Mutation(SENDERS, 'keyring.mac("oauth2.dpop_nonce", text)', "secrets.token_bytes(32)"),
)
async def test_130_nonces_are_every_process_s(world: World) -> None:
    auth_req_id = await world.asked()
    told_one = await prove(world, auth_req_id, proof())
    assert as_error(told_one) == (400, "use_dpop_nonce")
    nonce = told_one.headers["dpop-nonce"]
    assert nonce == shared_nonces(KEYRING).current(NOON)
    assert as_error(await prove(world, auth_req_id, proof(nonce="made up"))) == (400, "use_dpop_nonce")
    answer = await prove(world, auth_req_id, proof(nonce=nonce))
    assert (as_error(answer), answer.headers["dpop-nonce"]) == (PENDING, nonce)
    world.clock.forward(600)
    late = proof(nonce=nonce, iat=int(world.clock.now().timestamp()))
    assert as_error(await prove(world, auth_req_id, late)) == (400, "use_dpop_nonce")


@requirement(
    131,
    "A proof counts once while it could be accepted",
    Mutation(SENDERS, "case Proof() as proof if not use_proof(", "case Proof() as proof if not unit and use_proof("),
)
async def test_131_a_proof_counts_once(world: World) -> None:
    auth_req_id, once = await world.asked(), fresh(world)
    assert as_error(await prove(world, auth_req_id, once)) == PENDING
    world.clock.forward(6)
    assert as_error(await prove(world, auth_req_id, once)) == INVALID
    token = await bound_token(world)
    shown = for_token(world, token)
    answers = [(await told(world, token, shown)).status_code for _ in range(2)]
    assert answers == [200, 401]


@requirement(
    132,
    "Each poll has a fresh proof, and a bad one neither redeems nor counts for the pace",
    Mutation(
        "protocols/oauth2_ciba/evaluation.py",
        "if request is None or request.client_id != poll.client_id:",
        "if request is None or request.client_id != poll.client_id or not poll.confirmation:",
    ),
    Mutation("protocols/oauth2/confirmations.py", "    if isinstance(proof, OAuthError):\n        raise proof\n", ""),
)
async def test_132_a_bad_proof_touches_nothing(world: World) -> None:
    pending, approved = await world.asked(), await world.approved()
    for auth_req_id in (pending, approved):
        before = await world.row(auth_req_id)
        for _ in range(12):
            assert as_error(await prove(world, auth_req_id, fresh(world, htm="GET"))) == INVALID
        assert await world.row(auth_req_id) == before
    assert as_error(await prove(world, pending, fresh(world))) == PENDING
    world.clock.forward(6)
    assert as_error(await world.poll(pending)) == PENDING
    assert (await prove(world, approved, fresh(world))).status_code == 200


@requirement(
    133,
    "`token_type` is DPoP, and the token names the key: `cnf.jkt` (sections 5 and 6)",
    Mutation(
        "protocols/oauth2/confirmations.py", 'return DPOP if cnf is not None and "jkt" in cnf', "return DPOP if False"
    ),
    Mutation("protocols/oauth2/tokens.py", "**(order.confirmation.claims() if order.confirmation else {}),", ""),
)
async def test_133_a_token_is_bound_to_the_key(world: World) -> None:
    tokens = (await prove(world, await world.approved(), fresh(world))).json()
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": KEY.kid}
    state = await introspection(world, tokens["access_token"])
    assert (state["token_type"], state["cnf"]) == ("DPoP", {"jkt": KEY.kid})


@requirement(
    134,
    "A bound token that is presented as Bearer is 401, and so is another key's proof (section 7)",
    Mutation(
        "protocols/oauth2/sender_checks.py",
        'return "the token is bound to a key: send it as DPoP, with a proof"',
        "return None",
    ),
    Mutation(
        "protocols/oauth2/sender_checks.py",
        "if proof is None or not _equal(cnf[_KEY], proof.jkt):",
        "if proof is None:",
    ),
)
async def test_134_a_bound_token_is_no_bearer_token(world: World) -> None:
    token = await bound_token(world)
    answer = await told(world, token, None, "Bearer")
    assert as_error(answer) == (401, "invalid_token")
    assert "DPoP" in answer.headers["www-authenticate"] or "invalid_token" in answer.headers["www-authenticate"]
    claims = {"htm": "GET", "htu": URL, "ath": hash_of(token)}
    assert as_error(await told(world, token, fresh(world, OTHER_KEY, **claims))) == (401, "invalid_token")
    assert (await told(world, token, for_token(world, token))).status_code == 200


@requirement(
    135,
    "A refresh token of a confidential client is its client's, whatever key it has by now (section 5)",
    Mutation("protocols/oauth2/refresh_grant.py", "confirmation=judged.confirmation,", "confirmation=None,"),
)
async def test_135_a_refresh_token_is_not_bound_to_a_key(world: World) -> None:
    await change(world, **REFRESHING)
    tokens = (await prove(world, await world.approved(scope="openid offline_access"), fresh(world))).json()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for key in (OTHER_KEY, KEY):
        again = (await world.post("/oauth2/token", form, DPoP=fresh(world, key))).json()
        assert claims_of(again["access_token"])["cnf"] == {"jkt": key.kid}
