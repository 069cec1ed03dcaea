"""What other people's clients do beyond a plain question: signed requests, refresh, and collecting after a ping.

Neither library receives pushes: a receiver of the tests' own takes those (tests/protocols, tests/chaos).
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jwskate import ECJwk

from tests.fixtures.server import PASSWORD, Lockhouse, free_port, running
from tests.foreign.programs import ADDRESS, CLIENTS, SECRET, approve, ask, claims_in, placed

pytestmark = pytest.mark.timeout(120)

KEY = ECJwk.generate(crv="P-256", alg="ES256").with_kid_thumbprint()


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Lockhouse]:
    """Return a server with a client that must sign what it asks, and one that is told by ping."""
    folder, origin = tmp_path_factory.mktemp("foreign"), f"http://127.0.0.1:{port}"
    (folder / "keys").write_text(json.dumps({"keys": [dict(KEY.public_jwk())]}))
    with running(folder / "op", OUTGOING__ALLOWED=origin) as started:
        keyed = ["--auth-method", "private_key_jwt", "--jwks", str(folder / "keys"), "--request-alg", "ES256"]
        started.add_client("signed", None, *keyed, "--refresh", "--interval", "1")
        told = ["--mode", "ping", "--notification-endpoint", f"{origin}/told"]
        started.run("client", "add", "--config", str(started.config), "--id", "told", "--secret", SECRET, *told)
        started.add_person("anna", PASSWORD, address=ADDRESS)
        yield started


def test_requests_oauth2client_signs_its_question_and_renews_its_tokens(lockhouse: Lockhouse) -> None:
    program = [sys.executable, str(CLIENTS / "signed.py")]

    assert claims_in(ask(lockhouse, program, decide=approve, KEY=json.dumps(dict(KEY))))["amr"] == ["pwd"]


@pytest.mark.node
def test_openid_client_signs_its_question_and_renews_its_tokens(
    lockhouse: Lockhouse, node: str, node_folder: Path
) -> None:
    program = [node, str(placed("signed.mjs", node_folder))]
    claims = claims_in(ask(lockhouse, program, decide=approve, KEY=json.dumps(dict(KEY))))

    assert (claims["amr"], claims["renewed"]) == (["pwd"], True)


@pytest.mark.node
def test_openid_client_collects_when_it_is_told(lockhouse: Lockhouse, node: str, node_folder: Path, port: int) -> None:
    program = [node, str(placed("told.mjs", node_folder))]

    assert claims_in(ask(lockhouse, program, decide=approve, PORT=str(port))) == {"told": True, "amr": ["pwd"]}
