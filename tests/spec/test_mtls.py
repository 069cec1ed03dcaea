"""Client certificates and the protected resource (RFC 8705, FAPI 1.0 part 1 section 6.2)."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from engine.storage import Database
from protocols.oauth2 import KeyMaterial
from protocols.oauth2.client_certificates import ClientCertificate
from protocols.oauth2.mutual_tls import MutualTls
from protocols.oauth2_ciba import CibaSettings
from tests.fixtures.authority import Authority, Holder, self_signed
from tests.protocols.world import GRANT, ISSUER, NOON, World, as_error, make_world
from tests.spec.parties import add, claims_of
from tests.spec.requirements import Mutation, requirement

pytestmark = pytest.mark.anyio

PROOFS = "protocols/oauth2/client_proofs.py"
CHECKS = "protocols/oauth2/sender_checks.py"
ROOT, ELSEWHERE = Authority("Root", NOON), Authority("Root", NOON)
TELLER, HELD = "teller", ROOT.issue("teller")
NAME = HELD.certificate.subject.rfc4514_string()
AT = "https://mtls.op.example"


@pytest.fixture
async def certified(sqlite_database: Database, key_material: KeyMaterial) -> AsyncIterator[World]:
    """A deployment that trusts one authority, with a client of its."""
    mutual_tls = MutualTls(accepted=True, anchors=(ROOT.certificate,), address=AT)
    async with make_world(sqlite_database, key_material, CibaSettings(issuer=ISSUER, mutual_tls=mutual_tls)) as world:
        options = {"auth_method": "tls_client_auth", "tls_subject_dn": NAME, "certificate_bound": True}
        await add(world, TELLER, secret=None, **options)
        yield world


async def send(world: World, path: str, held: Holder | None, **form: str) -> httpx2.Response:
    headers = {} if held is None else held.headers
    return await world.http.post(path, data={"client_id": TELLER, **form}, headers=headers)


async def asked(world: World, held: Holder | None) -> httpx2.Response:
    return await send(world, "/oauth2/bc-authorize", held, scope="openid profile", login_hint="ann")


async def bound_token(world: World) -> str:
    auth_req_id = str((await asked(world, HELD)).json()["auth_req_id"])
    await world.approve(auth_req_id)
    answer = await send(world, "/oauth2/token", HELD, grant_type=GRANT, auth_req_id=auth_req_id)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def told(world: World, token: str, held: Holder | None, **headers: str) -> httpx2.Response:
    sent = {"Authorization": f"Bearer {token}", **({} if held is None else held.headers), **headers}
    return await world.http.get("/oauth2/userinfo", headers=sent)


@requirement(
    101,
    "A client is proved by a chain to an authority of ours and the one name that it registered, or by its own "
    "certificate; `client_id` is in the form; else 401 `invalid_client` (RFC 8705 section 2)",
    Mutation(PROOFS, "return chain_fault(certificate, self._mutual_tls.anchors, now=now)", "return None"),
    Mutation(PROOFS, "not known.tls_subject.names(certificate.parsed())", "not certificate"),
    Mutation("protocols/oauth2/client_registration.py", "len(found) == 1 or not named", "True"),
)
async def test_101_a_certificate_proves_its_client(certified: World) -> None:
    assert (await asked(certified, HELD)).status_code == 200
    others = (None, self_signed("teller", now=NOON), ELSEWHERE.issue("teller"), ROOT.issue("bank"))
    for held in (*others, ROOT.issue("teller", days=-1)):
        assert as_error(await asked(certified, held)) == (401, "invalid_client")
    nameless = await certified.http.post("/oauth2/bc-authorize", data={"login_hint": "ann"}, headers=HELD.headers)
    assert as_error(nameless) == (401, "invalid_client")
    with pytest.raises(ValueError, match="exactly one"):
        await add(certified, "two", secret=None, auth_method="tls_client_auth", tls_subject_dn=NAME, tls_san_dns="a.b")


@requirement(
    102,
    "Tokens carry `cnf.x5t#S256`, introspection tells it, and a resource refuses every other connection with 401 "
    "`invalid_token` (RFC 8705 section 3)",
    Mutation("protocols/oauth2/tokens.py", "**(order.confirmation.claims() if order.confirmation else {}),", ""),
    Mutation("protocols/oauth2/token_state.py", '"act", "cnf")', '"act")'),
    Mutation(CHECKS, "return None if _equal(cnf[_CERTIFICATE], certificate) else", "return None if certificate else"),
    Mutation(CHECKS, 'return "the token is bound to a certificate: connect with it"', "return None"),
)
async def test_102_a_token_is_bound_to_its_certificate(certified: World) -> None:
    token = await bound_token(certified)
    cnf = {"x5t#S256": ClientCertificate(HELD.der).thumbprint}
    assert claims_of(token)["cnf"] == cnf
    assert (await send(certified, "/oauth2/introspect", HELD, token=token)).json()["cnf"] == cnf
    assert (await told(certified, token, HELD)).status_code == 200
    for held in (None, ROOT.issue("teller")):
        assert as_error(await told(certified, token, held)) == (401, "invalid_token")


@requirement(
    103,
    "`mtls_endpoint_aliases` names normal endpoints at the other address, never the one for browsers (RFC 8705 "
    "section 5)",
    Mutation("protocols/oauth2/mutual_tls.py", '    "token_endpoint",\n', '    "token_endpoint",\n    "jwks_uri",\n'),
    Mutation(
        "protocols/oauth2/mutual_tls.py",
        "member: self.address + str(metadata[member]).removeprefix(issuer)",
        "member: str(metadata[member])",
    ),
)
async def test_103_aliases_are_normal_endpoints(certified: World) -> None:
    document = (await certified.http.get("/.well-known/openid-configuration")).json()
    aliases = document["mtls_endpoint_aliases"]
    wanted = {"token_endpoint", "backchannel_authentication_endpoint", "userinfo_endpoint"}
    assert wanted <= set(aliases) <= {name for name in document if name.endswith("_endpoint")}
    assert "authorization_endpoint" not in aliases
    assert aliases == {name: document[name].replace(ISSUER, AT) for name in aliases}


@requirement(
    119,
    "A resource takes its token in the header only, echoes the interaction's id or makes one, and answers JSON; "
    "`Date` is the server's own (FAPI 1.0 part 1 section 6.2.1)",
    Mutation("protocols/oauth2/userinfo_endpoint.py", "    refuse_elsewhere(request.query_params)\n", ""),
    Mutation("protocols/oauth2/interactions.py", "return sent[0] if", "return str(uuid.uuid4()) if"),
    Mutation("protocols/oauth2/interactions.py", "_UUID.fullmatch(sent[0])", "sent[0]"),
)
async def test_119_a_resource_as_fapi_has_one(certified: World) -> None:
    token, ours = await bound_token(certified), "c770aef3-6784-41f7-8e0e-ff5f97bddb3a"
    in_query = await certified.http.get(f"/oauth2/userinfo?access_token={token}", headers=HELD.headers)
    assert in_query.status_code in {400, 401}
    twice = await certified.http.get(
        f"/oauth2/userinfo?access_token={token}", headers={**HELD.headers, "Authorization": f"Bearer {token}"}
    )
    assert as_error(twice) == (400, "invalid_request")
    for sent, echoed in ((ours, True), ("not a uuid", False), (None, False)):
        headers = {} if sent is None else {"x-fapi-interaction-id": sent}
        answer = await told(certified, token, HELD, **headers)
        assert answer.headers["content-type"] == "application/json"
        told_id = answer.headers["x-fapi-interaction-id"]
        assert (told_id == sent, len(told_id)) == (echoed, 36)
