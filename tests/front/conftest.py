"""A deployment behind the nginx that the documentation ships, with clients that have certificates."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.fixtures.authority import Authority, Holder, self_signed
from tests.fixtures.front import Front, nginx_before
from tests.fixtures.server import CLIENT_ID, CLIENT_SECRET, Lockhouse, template

NOW = datetime.now(UTC)  # noqa: TID251 - a real server looks at it
ROOT = Authority("Root", NOW)
BANK, TILL = "bank-app", "till-app"
BANK_HELD = ROOT.issue("bank", sans=(x509.DNSName("bank.example"),))
TILL_HELD = self_signed("till", now=NOW)


@dataclass(frozen=True, kw_only=True)
class Fronted:
    """A server, and the nginx before it."""

    front: Front
    lockhouse: Lockhouse
    folder: Path

    def files(self, held: Holder, name: str) -> tuple[Path, Path]:
        """Write what a client connects with, and return its files."""
        return held.write(self.folder, name)


@pytest.fixture(scope="module")
def fronted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    """Return a running deployment that clients reach through nginx."""
    folder = tmp_path_factory.mktemp("fronted")
    shutil.copytree(template(), folder / "op")
    anchors = folder / "anchors.pem"
    anchors.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    keys = folder / "till.jwks.json"
    keys.write_text(json.dumps({"keys": [TILL_HELD.jwk]}), encoding="utf-8")
    lockhouse = Lockhouse.of(folder / "op")
    with nginx_before(lockhouse.port, folder / "nginx") as front:
        lockhouse.environ |= {
            "LOCKHOUSE_ISSUER": front.issuer,
            "LOCKHOUSE_DEVELOPMENT": "false",
            "LOCKHOUSE_MTLS__TERMINATORS": "127.0.0.1",
            "LOCKHOUSE_MTLS__ADDRESS": front.mtls,
            "LOCKHOUSE_MTLS__TRUST_ANCHORS": str(anchors),
        }
        by_name = ("--auth-method", "tls_client_auth", "--tls-san-dns", "bank.example", "--certificate-bound")
        lockhouse.add_client(BANK, None, *by_name)
        lockhouse.add_client(TILL, None, "--auth-method", "self_signed_tls_client_auth", "--jwks", str(keys))
        lockhouse.start()
        try:
            yield Fronted(front=front, lockhouse=lockhouse, folder=folder)
        finally:
            lockhouse.stop()


__all__ = ["CLIENT_ID", "CLIENT_SECRET", "Fronted", "fronted"]
