"""Modules of the FAPI-CIBA plan in which a client does not prove itself as it is registered."""

import jwt
import pytest

from protocols.oauth2_ciba.states import State
from tests.protocols.world import GRANT, ISSUER
from tests.spec.parties import private
from tests.spec.requirements import Mutation
from tests.spec.suite import suite_module
from tests.spec.suite_clients import AUTHS, SuiteClient, SuitePair, told

pytestmark = pytest.mark.anyio

PROOFS = "protocols/oauth2/client_proofs.py"
MINE = "return None if certificate.der in keys.certificates else"
CERTIFIED = "if known is None or known.client.auth_method not in TLS_METHODS:"
UNKNOWN = (401, "invalid_client")


def as_rs256(client: SuiteClient) -> str:
    """Return an assertion that is signed by the client's own key with the algorithm that is not registered."""
    claims = jwt.decode(client.assertion(), options={"verify_signature": False})
    return jwt.encode(claims, private(client.key), algorithm="RS256", headers={"kid": client.key.kid})


@suite_module(
    "fapi-ciba-id1-ensure-different-client-id-and-issuer-in-backchannel-authorization-request",
    "a request object of the other client is refused, whoever connects",
    Mutation("protocols/oauth2_ciba/request_objects.py", 'if claims["iss"] != client_id or', "if"),
)
async def test_ensure_different_client_id_and_issuer_in_backchannel_authorization_request(
    suite: dict[str, SuitePair],
) -> None:
    pair = suite["mtls"]
    request = pair.first.request_object(binding_message="1234", iss=pair.second.client_id)
    assert told(await pair.first.ask_signed(request)) == (400, "invalid_request")


@suite_module(
    "fapi-ciba-id1-ensure-wrong-client-id-in-token-endpoint-request",
    "another client's client_id with one's own certificate collects nothing",
    Mutation(PROOFS, MINE, "return None if certificate else"),
)
async def test_ensure_wrong_client_id_in_token_endpoint_request(suite: dict[str, SuitePair]) -> None:
    pair = suite["mtls"]
    auth_req_id = await pair.first.auth_req_id()
    await pair.world.approve(auth_req_id)
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id}
    assert told(await pair.first.token(form, client_id=pair.second.client_id)) == UNKNOWN
    assert told(await pair.second.token(form, client_id=pair.first.client_id)) == UNKNOWN
    assert (await pair.first.poll(auth_req_id)).status_code == 200


@suite_module(
    "fapi-ciba-id1-ensure-wrong-client-id-in-backchannel-authorization-request",
    "another client's client_id with one's own certificate asks nobody",
    Mutation(PROOFS, MINE, "return None if certificate else"),
)
async def test_ensure_wrong_client_id_in_backchannel_authorization_request(suite: dict[str, SuitePair]) -> None:
    pair = suite["mtls"]
    form = {"client_id": pair.second.client_id, "request": pair.second.request_object(binding_message="1234")}
    answer = await pair.world.http.post("/oauth2/bc-authorize", data=form, headers=dict(pair.first.connection))
    assert told(answer) == UNKNOWN


@suite_module(
    "fapi-ciba-id1-ensure-without-client-assertion-in-token-endpoint-request",
    "a client of private_key_jwt without its assertion gets nothing, its certificate notwithstanding",
    Mutation(PROOFS, CERTIFIED, "if known is None:"),
)
async def test_ensure_without_client_assertion_in_token_endpoint_request(suite: dict[str, SuitePair]) -> None:
    client = suite["private_key_jwt"].first
    auth_req_id = await client.auth_req_id()
    await client.world.approve(auth_req_id)
    form = {"grant_type": GRANT, "auth_req_id": auth_req_id, "client_id": client.client_id}
    answer = await client.world.http.post("/oauth2/token", data=form, headers=dict(client.connection))
    assert told(answer) == UNKNOWN
    assert (await client.world.row(auth_req_id)).status is State.APPROVED


@suite_module(
    "fapi-ciba-id1-ensure-without-client-assertion-in-backchannel-authorization-request",
    "a client of private_key_jwt without its assertion asks nobody",
    Mutation(PROOFS, CERTIFIED, "if known is None:"),
)
async def test_ensure_without_client_assertion_in_backchannel_authorization_request(
    suite: dict[str, SuitePair],
) -> None:
    client = suite["private_key_jwt"].first
    form = {"client_id": client.client_id, "request": client.request_object(binding_message="1234")}
    answer = await client.world.http.post("/oauth2/bc-authorize", data=form, headers=dict(client.connection))
    assert told(answer) == UNKNOWN


@suite_module(
    "fapi-ciba-id1-ensure-client-assertion-signature-algorithm-in-backchannel-authorization-request-is-RS256-fails",
    "an assertion that is signed with RS256 proves nobody when somebody is to be asked",
    Mutation("protocols/oauth2/profiles.py", 'signing_algs=("PS256", "ES256"),', 'signing_algs=("RS256", "PS256"),'),
)
async def test_ensure_client_assertion_signature_algorithm_in_backchannel_authorization_request_is_rs256_fails(
    suite: dict[str, SuitePair],
) -> None:
    client = suite["private_key_jwt"].first
    form = {**client.proof(), "client_assertion": as_rs256(client)}
    form["request"] = client.request_object(binding_message="1234")
    answer = await client.world.http.post("/oauth2/bc-authorize", data=form, headers=dict(client.connection))
    assert told(answer) == UNKNOWN


@suite_module(
    "fapi-ciba-id1-ensure-client-assertion-signature-algorithm-in-token-endpoint-request-is-RS256-fails",
    "an assertion that is signed with RS256 collects nothing",
    Mutation("protocols/oauth2/profiles.py", 'signing_algs=("PS256", "ES256"),', 'signing_algs=("RS256", "PS256"),'),
)
async def test_ensure_client_assertion_signature_algorithm_in_token_endpoint_request_is_rs256_fails(
    suite: dict[str, SuitePair],
) -> None:
    client = suite["private_key_jwt"].first
    form = {"grant_type": GRANT, "auth_req_id": await client.auth_req_id()}
    assert told(await client.token(form, client_assertion=as_rs256(client))) == UNKNOWN


@suite_module(
    "fapi-ciba-id1-ensure-client-assertion-with-iss-aud-to-token-endpoint-succeeds",
    "an assertion may name our issuer, or either endpoint, at either endpoint",
    Mutation(PROOFS, "self._audiences = {issuer} |", "self._audiences ="),
)
async def test_ensure_client_assertion_with_iss_aud_to_token_endpoint_succeeds(suite: dict[str, SuitePair]) -> None:
    client = suite["private_key_jwt"].first
    for audience in (ISSUER, f"{ISSUER}/oauth2/token", f"{ISSUER}/oauth2/bc-authorize"):
        auth_req_id = await client.auth_req_id()
        await client.world.approve(auth_req_id)
        form = {"grant_type": GRANT, "auth_req_id": auth_req_id, **client.proof(aud=audience)}
        assert told(await client.token(form)) == (200, "")


@suite_module(
    "fapi-ciba-id1-ensure-wrong-auth-req-id-in-token-endpoint-request",
    "an auth_req_id that nobody was given is `invalid_grant`, and so is the other client's",
    Mutation(
        "protocols/oauth2_ciba/evaluation.py",
        "if request is None or request.client_id != poll.client_id:",
        "if request is None:",
    ),
)
async def test_ensure_wrong_auth_req_id_in_token_endpoint_request(suite: dict[str, SuitePair]) -> None:
    for auth in AUTHS:
        pair = suite[auth]
        theirs = await pair.second.auth_req_id()
        for wrong in (f"{theirs[:-1]}~", theirs):
            assert told(await pair.first.poll(wrong)) == (400, "invalid_grant")


@suite_module(
    "fapi-ciba-id1-ensure-mtls-holder-of-key-required",
    "without a certificate there are no tokens, however the client proves itself; with it there are",
    Mutation(
        "protocols/oauth2/confirmations.py",
        "if sender.certificate is None:\n            raise",
        "if False:\n            raise",
    ),
)
async def test_ensure_mtls_holder_of_key_required(suite: dict[str, SuitePair]) -> None:
    for auth, expected in (("private_key_jwt", (400, "invalid_request")), ("mtls", UNKNOWN)):
        client = suite[auth].first
        auth_req_id = await client.auth_req_id()
        await client.world.approve(auth_req_id)
        form = {**client.proof(), "grant_type": GRANT, "auth_req_id": auth_req_id}
        assert told(await client.world.http.post("/oauth2/token", data=form)) == expected
        assert (await client.poll(auth_req_id)).status_code == 200
