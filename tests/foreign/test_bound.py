"""openid-client with tokens that are bound: to a key, also at an API under guard, and to a certificate behind nginx."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lockhouse.resource import ApiGuard, SignedTokens
from protocols.oauth2.client_certificates import ClientCertificate
from tests.fixtures.server import PASSWORD, Lockhouse, running
from tests.fixtures.serving import serving
from tests.foreign.programs import ADDRESS, SECRET, approve, ask, claims_in, placed
from tests.front.conftest import BANK, BANK_HELD, Fronted

pytestmark = [pytest.mark.anyio, pytest.mark.node, pytest.mark.timeout(120)]

LEDGER = "https://ledger.example"


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    """Return a server with a client whose tokens have to be bound, and the API that it calls."""
    with running(tmp_path_factory.mktemp("bound") / "op") as started:
        started.add_client("bound", SECRET, "--interval", "1", "--dpop-bound")
        named = ["--id", "ledger", "--secret", SECRET, "--resource", LEDGER]
        started.run("client", "add", "--config", str(started.config), *named)
        started.add_person("anna", PASSWORD, address=ADDRESS)
        yield started


async def test_openid_client_shows_proofs_to_us_and_to_an_api(
    lockhouse: Lockhouse, node: str, node_folder: Path
) -> None:
    guards: list[ApiGuard] = []

    async def balance(request: Request) -> JSONResponse:
        return JSONResponse({"of": (await guards[0].check(request, "openid")).client_id})

    async with serving(Starlette(routes=[Route("/balance", balance)])) as origin:
        # An API that asks for a nonce of its own.
        guards.append(ApiGuard(SignedTokens(lockhouse.url, audience=LEDGER), address=origin, nonce_key=b"n" * 32))
        program = [node, str(placed("bound.mjs", node_folder))]
        ended = await asyncio.to_thread(ask, lockhouse, program, decide=approve, API=f"{origin}/balance")

    told = claims_in(ended)
    assert (told["type"].lower(), told["api"], told["thief"]) == ("dpop", 200, 401)
    assert told["amr"] == ["pwd"]


def test_openid_client_proves_itself_by_a_certificate_behind_nginx(
    fronted: Fronted, node: str, node_folder: Path
) -> None:
    certificate, key = fronted.files(BANK_HELD, "openid-client")
    program = [node, str(placed("certified.mjs", node_folder))]
    shown = {"CA": str(fronted.front.authority), "CERT": str(certificate), "KEY": str(key), "CLIENT_ID": BANK}

    told = claims_in(ask(fronted.lockhouse, program, decide=approve, **shown))

    assert told == {"amr": ["pwd"], "cnf": {"x5t#S256": ClientCertificate(BANK_HELD.der).thumbprint}, "thief": 401}
