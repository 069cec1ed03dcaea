"""openid-client is a device: it shows a code, a person types it in a browser elsewhere, and decides there."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.fixtures.pages import Visitor
from tests.fixtures.server import CLIENT_SECRET, PASSWORD, Lockhouse, running

pytestmark = [pytest.mark.node, pytest.mark.timeout(120)]

PROGRAM = Path(__file__).parent / "clients" / "device.mjs"
Visit = Callable[[Visitor], None]


@pytest.fixture(scope="module")
def lockhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lockhouse]:
    """Return a server that knows the device."""
    with running(tmp_path_factory.mktemp("device") / "op") as started:
        named = ["--id", "tv", "--secret", CLIENT_SECRET, "--grant", "device_code", "--interval", "1"]
        started.run("client", "add", "--config", str(started.config), *named)
        yield started


def allow(person: Visitor) -> None:
    person.press("Yes, the same code")
    person.press("submit", login="ann@example.com")
    person.press("submit", password=PASSWORD)
    person.press("allow")


def stop(person: Visitor) -> None:
    person.press("No: stop this request")


@pytest.mark.parametrize(
    ("visit", "told"), [(allow, {"amr": ["pwd"]}), (stop, {"error": "access_denied"})], ids=["allowed", "stopped"]
)
def test_openid_client_waits_for_whoever_types_its_code(
    lockhouse: Lockhouse, node: str, node_folder: Path, visit: Visit, told: Mapping[str, object]
) -> None:
    (program := node_folder / "device.mjs").write_text(PROGRAM.read_text())
    environ = {**os.environ, "ISSUER": lockhouse.url, "CLIENT_SECRET": CLIENT_SECRET}
    pipe = subprocess.PIPE
    with subprocess.Popen([node, str(program)], env=environ, text=True, stdout=pipe, stderr=pipe) as device:
        try:
            assert device.stdout is not None
            shown = json.loads(device.stdout.readline())
            with Visitor() as person:
                person.open(shown["at"])
                person.press("continue", user_code=shown["code"])
                person.press("continue")
                visit(person)
            out, err = device.communicate(timeout=30)
        finally:
            device.kill()

    assert device.returncode == 0, err
    ended = json.loads(out.splitlines()[-1])
    assert {name: ended[name] for name in told} == told
