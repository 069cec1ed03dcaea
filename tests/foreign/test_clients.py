"""openid-client and requests-oauth2client ask, wait and verify, with the programs of the how-to pages."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.fixtures.server import PASSWORD, Lockhouse, running
from tests.foreign.programs import ADDRESS, CLIENT, SECRET, approve, ask, claims_in, deny, program_of

pytestmark = pytest.mark.timeout(120)

METHODS = {"client_secret_basic": "ClientSecretBasic", "client_secret_post": "ClientSecretPost"}
# As the pages write it: what stands in for it is the other class.
WRITTEN = {
    "ClientSecretBasic(process.env.CLIENT_SECRET)",
    'ClientSecretBasic("till", os.environ["CLIENT_SECRET"])',
}


@pytest.fixture(scope="module", params=sorted(METHODS))
def method(request: pytest.FixtureRequest) -> str:
    """Return how the client proves itself; the server takes nothing else from it."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, method: str) -> Iterator[Lockhouse]:
    """Return a running server that knows the pages' client and whom they ask."""
    with running(tmp_path_factory.mktemp("foreign") / "op") as started:
        started.add_client(CLIENT, SECRET, "--auth-method", method, "--interval", "1")
        started.add_person("anna", PASSWORD, address=ADDRESS)
        yield started


def written_for(program: str, method: str) -> str:
    """Return *program* with *method*, which the pages say is the only change."""
    assert any(way in program for way in WRITTEN)
    return program.replace("ClientSecretBasic", METHODS[method])


@pytest.fixture
def python_program(tmp_path: Path, method: str) -> Sequence[str]:
    """Return the command that runs the program of the page on requests-oauth2client."""
    file = tmp_path / "ask.py"
    file.write_text(written_for(program_of("use-requests-oauth2client.md", "ask.py"), method))
    return [sys.executable, str(file)]


@pytest.fixture
def node_program(node: str, node_folder: Path, method: str) -> Sequence[str]:
    """Return the command that runs the program of the page on openid-client."""
    file = node_folder / "ask.mjs"
    file.write_text(written_for(program_of("use-openid-client.md", "ask.mjs"), method))
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
