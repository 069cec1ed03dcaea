"""Clients that sign: what proves them, what they ask, and that asking it again is the same question."""

from dataclasses import replace
from functools import partial

import pytest

from lockhouse.client import (
    ApprovalRequest,
    Approved,
    Authentication,
    ClientSecretJwt,
    PrivateKey,
    PrivateKeyJwt,
    RequestRefused,
)
from protocols.oauth2 import NewClient
from tests.lockhouse.client.kit import make_side
from tests.protocols.signers import CLIENT, KEYS, SECRET, jwks, private
from tests.protocols.world import NOON, World

pytestmark = pytest.mark.anyio

LEDGER, BANK = "https://ledger.example", "https://bank.example"


@pytest.fixture(params=["async", "sync"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def key_for(algorithm: str) -> PrivateKey:
    made = KEYS[algorithm]
    return PrivateKey(algorithm=algorithm, kid=made.kid, material=private(made))


async def register(world: World, client: NewClient) -> None:
    await world.database.run(lambda unit: world.records.clients.add(unit, client, now=NOON))


BY_KEY = NewClient(client_id=CLIENT, auth_method="private_key_jwt")
METHODS: dict[str, tuple[NewClient, Authentication]] = {
    "client_secret_jwt": (
        NewClient(client_id=CLIENT, secret=SECRET, auth_method="client_secret_jwt"),
        ClientSecretJwt(CLIENT, SECRET),
    ),
    **{
        algorithm: (replace(BY_KEY, jwks=jwks(made)), PrivateKeyJwt(CLIENT, key_for(algorithm)))
        for algorithm, made in KEYS.items()
    },
}


@pytest.mark.parametrize("method", METHODS)
async def test_a_statement_for_each_call_proves_the_client(small_world: World, kind: str, method: str) -> None:
    client, proof = METHODS[method]
    await register(small_world, client)
    side = make_side(small_world, kind, proof)
    side.network.path, side.network.lost = "/bc-authorize", 1
    asked = await side.do("ask", ApprovalRequest(login_hint="ann"))
    side.days.during.append(partial(small_world.approve, asked.auth_req_id))

    assert isinstance(await side.do("wait", asked), Approved)
    assert len(side.network.sent_to("/bc-authorize")) == 2


async def test_a_signed_question_holds_all_that_was_asked_and_may_be_asked_again(small_world: World, kind: str) -> None:
    await register(small_world, replace(BY_KEY, jwks=jwks(KEYS["ES256"]), request_alg="ES256"))
    question = ApprovalRequest(
        login_hint="ann",
        scope="openid profile",
        binding_message="Order 17",
        acr_values=("urn:lockhouse:acr:pwd", "urn:other"),
        requested_expiry=300,
    )
    proof = PrivateKeyJwt(CLIENT, key_for("ES256"))
    first, later = (make_side(small_world, kind, proof, signing_key=key_for("ES256")) for _ in range(2))
    first.network.path, first.network.lost = "/bc-authorize", 1
    asked = await first.do("ask", question, key="order-17")
    small_world.clock.forward(20)
    again = await later.do("ask", question, key="order-17")
    row = await small_world.row(asked.auth_req_id)

    assert again.auth_req_id == asked.auth_req_id
    assert (row.scopes, row.acr_values) == (("openid", "profile"), "urn:lockhouse:acr:pwd urn:other")
    assert again.expires_at == asked.expires_at == pytest.approx(NOON.timestamp() + 300)
    assert len(small_world.flows.started) == 1
    with pytest.raises(RequestRefused):
        await make_side(small_world, kind, proof).do("ask", question)


async def test_a_token_is_for_the_apis_that_were_asked_for(small_world: World, kind: str) -> None:
    for name, address in (("ledger-api", LEDGER), ("bank-api", BANK)):
        await register(small_world, NewClient(client_id=name, secret=f"{name}-{'s' * 40}", resource=address))
    side = make_side(small_world, kind)
    asked = await side.do("ask", ApprovalRequest(login_hint="ann", resource=(LEDGER, BANK)))
    await small_world.approve(asked.auth_req_id)
    outcome = await side.do("wait", asked)
    told = await side.do("introspect", outcome.tokens.access_token)

    assert sorted(told.claims["aud"]) == [BANK, LEDGER]
    with pytest.raises(RequestRefused, match="invalid_target"):
        await side.do("ask", ApprovalRequest(login_hint="ann", resource=("no address",)))
