"""openid-client signs somebody in by the code grant: PKCE, state, nonce and iss, plainly and by a pushed request."""

import html
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fixtures.pages import Visitor
from tests.fixtures.server import CLIENT_SECRET, PASSWORD, Lockhouse, free_port, running

pytestmark = [pytest.mark.node, pytest.mark.timeout(120)]

PROGRAM = Path(__file__).parent / "clients" / "sign_in.mjs"


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Lockhouse]:
    """Return a server with a web application that people come back to on this machine."""
    with running(tmp_path_factory.mktemp("foreign") / "op") as started:
        named = ["--id", "web", "--secret", CLIENT_SECRET, "--grant", "authorization_code"]
        back = ["--redirect-uri", f"http://127.0.0.1:{port}/cb"]
        started.run("client", "add", "--config", str(started.config), *named, *back)
        yield started


def sign_in(address: str) -> str:
    """Be the person, with a browser: sign in at *address*, allow, and go where the last page leads."""
    with Visitor() as person:
        person.open(address)
        person.press("continue")
        person.press("submit", login="ann@example.com")
        person.press("submit", password=PASSWORD)
        (form,) = (form for form in person.page.forms if form.button("allow"))
        button = form.button("allow")
        assert button is not None
        last = person.send(form, form.pairs(button, {}))
        found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', last.html)
        assert found, last.text
        return person.open(html.unescape(found[1])).text


@pytest.mark.parametrize("pushed", ["", "1"], ids=["plain", "pushed"])
def test_openid_client_signs_somebody_in(
    lockhouse: Lockhouse, node: str, node_folder: Path, port: int, pushed: str
) -> None:
    (program := node_folder / "sign_in.mjs").write_text(PROGRAM.read_text())
    told = {"ISSUER": lockhouse.url, "CLIENT_SECRET": CLIENT_SECRET, "PORT": str(port), "PUSHED": pushed}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [node, str(program)], env={**os.environ, **told}, text=True, stdout=pipe, stderr=pipe
    ) as running_program:
        try:
            assert running_program.stdout is not None
            address = running_program.stdout.readline().strip()
            assert ("request_uri" in parse_qs(urlsplit(address).query)) is bool(pushed), running_program.stderr
            assert "signed in" in sign_in(address)
            out, err = running_program.communicate(timeout=30)
        finally:
            running_program.kill()

    assert running_program.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["amr"] == ["pwd"]
