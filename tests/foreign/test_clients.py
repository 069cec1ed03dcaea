"""openid-client and requests-oauth2client ask, wait and verify, with the programs of the how-to pages."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from jwskate import ECJwk

from tests.fixtures.server import PASSWORD, Lockhouse, running
from tests.foreign.programs import ADDRESS, CLIENT, SECRET, approve, ask, claims_in, deny, program_of

pytestmark = pytest.mark.timeout(120)

# As the pages write it, and what stands in its place to prove the client by another method.
IN_PYTHON, IN_JAVASCRIPT = (
    'ClientSecretBasic("till", os.environ["CLIENT_SECRET"])',
    "client.ClientSecretBasic(process.env.CLIENT_SECRET)",
)
PYTHON = {
    "client_secret_basic": IN_PYTHON,
    "client_secret_post": IN_PYTHON.replace("Basic", "Post"),
    "client_secret_jwt": IN_PYTHON.replace("Basic", "Jwt"),
    "private_key_jwt": 'PrivateKeyJwt("till", KEY)',
}
JAVASCRIPT = {
    "client_secret_basic": IN_JAVASCRIPT,
    "client_secret_post": IN_JAVASCRIPT.replace("Basic", "Post"),
    "client_secret_jwt": IN_JAVASCRIPT.replace("Basic", "Jwt"),
    "private_key_jwt": (
        'client.PrivateKeyJwt({ key: await crypto.subtle.importKey("jwk", KEY, '
        '{ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]), kid: KEY.kid })'
    ),
}
KEY = ECJwk.generate(crv="P-256", alg="ES256").with_kid_thumbprint()


@pytest.fixture(scope="module", params=sorted(PYTHON))
def method(request: pytest.FixtureRequest) -> str:
    """Return how the client proves itself; the server takes nothing else from it."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, method: str) -> Iterator[Lockhouse]:
    """Return a running server that knows the pages' client and whom they ask."""
    with running(tmp_path_factory.mktemp("foreign") / "op") as started:
        proof = ["--secret", SECRET]
        if method == "private_key_jwt":
            (keys := started.folder / "till.jwks").write_text(json.dumps({"keys": [dict(KEY.public_jwk())]}))
            proof = ["--jwks", str(keys)]
        started.add_client(CLIENT, None, *proof, "--auth-method", method, "--interval", "1")
        started.add_person("anna", PASSWORD, address=ADDRESS)
        yield started


@pytest.fixture
def python_program(tmp_path: Path, method: str) -> Sequence[str]:
    """Return the command that runs the program of the page on requests-oauth2client."""
    program = program_of("use-requests-oauth2client.md", "ask.py")
    assert IN_PYTHON in program
    key = f"from requests_oauth2client import *\nKEY = {dict(KEY)!r}\n"
    file = tmp_path / "ask.py"
    file.write_text(key + program.replace(IN_PYTHON, PYTHON[method]))
    return [sys.executable, str(file)]


@pytest.fixture
def node_program(node: str, node_folder: Path, method: str) -> Sequence[str]:
    """Return the command that runs the program of the page on openid-client."""
    program = program_of("use-openid-client.md", "ask.mjs")
    assert IN_JAVASCRIPT in program
    file = node_folder / "ask.mjs"
    file.write_text(f"const KEY = {json.dumps(dict(KEY))};\n" + program.replace(IN_JAVASCRIPT, JAVASCRIPT[method]))
    return [node, str(file)]


def test_requests_oauth2client_gets_verified_tokens(lockhouse: Lockhouse, python_program: Sequence[str]) -> None:
    claims = claims_in(ask(lockhouse, python_program, decide=approve))

    assert (claims["email"], claims["amr"]) == (ADDRESS, ["pwd"])


def test_requests_oauth2client_learns_that_the_person_said_no(
    lockhouse: Lockhouse, python_program: Sequence[str]
) -> None:
    ended = ask(lockhouse, python_program, decide=deny)

    assert ended.returncode == 1
    assert "no approval: access_denied" in ended.stderr


@pytest.mark.node
def test_openid_client_gets_verified_tokens(lockhouse: Lockhouse, node_program: Sequence[str]) -> None:
    claims = claims_in(ask(lockhouse, node_program, decide=approve))

    assert (claims["email"], claims["amr"]) == (ADDRESS, ["pwd"])


@pytest.mark.node
def test_openid_client_learns_that_the_person_said_no(lockhouse: Lockhouse, node_program: Sequence[str]) -> None:
    ended = ask(lockhouse, node_program, decide=deny)

    assert ended.returncode == 1
    assert "no approval: access_denied" in ended.stdout
