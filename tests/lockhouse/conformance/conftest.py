"""A deployment in front of which the suite could stand: its files are written once, its clients registered."""

import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from engine.storage import TableOwner
from lockhouse.command_line.root import main
from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from lockhouse.wiring import wired
from tests.lockhouse.homes import copied

ISSUER = "http://localhost:8400"
TERMINATOR = ("127.0.0.1", 4711)
SETTINGS = {
    "LOCKHOUSE_KEYS__ALGORITHMS": "RS256,PS256",
    "LOCKHOUSE_MTLS__TERMINATORS": "127.0.0.1",
    "LOCKHOUSE_CIBA__INTERVAL": "1",
}


@pytest.fixture
def owners() -> Sequence[TableOwner]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A deployment, and the folder that the suite was given."""

    home: Path
    handed: Path

    def plan(self, name: str) -> dict[str, Any]:
        """Return a plan's configuration."""
        return dict(json.loads((self.handed / name).read_text()))

    @asynccontextmanager
    async def served(self, **changes: str) -> AsyncIterator[httpx2.AsyncClient]:
        """Yield a client of the deployment that connects from its TLS terminator."""
        configuration = load_configuration(self.home / "lockhouse.toml", environ={**SETTINGS, **changes})
        async with opened(configuration) as installation, wired(installation, work=False) as server:
            transport = httpx2.ASGITransport(app=server.application, client=TERMINATOR)
            issuer = configuration.settings.issuer
            async with httpx2.AsyncClient(transport=transport, base_url=issuer) as http:
                yield http


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Write everything by the command line, and register it by the command line."""
    folder = tmp_path_factory.mktemp("conformance")
    home, handed = copied(folder / "home"), folder / "handed"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setenv("LOCKHOUSE_CONFIG", str(home / "lockhouse.toml"))
        patch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
        assert main(["person", "add", "ann", "--email", "ann@example.org", "--password-stdin"]) == 0
        assert main(["keys", "rotate", "--algorithm", "PS256", "--now"]) == 0
        assert main(["conformance", "--person", "ann", "--out", str(handed)]) == 0
        for clients in sorted(handed.glob("*.clients.yaml")):
            assert main(["client", "apply", str(clients)]) == 0
    return Desk(home=home, handed=handed)
