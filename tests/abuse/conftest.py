"""One deployment for each file of abuses; for those of the protocol alone, a world without sockets."""

from tests.fixtures.deployments import books, client, lockhouse, mail_server
from tests.spec.conftest import key_material, owners, registrar, suite, world

__all__ = ["books", "client", "key_material", "lockhouse", "mail_server", "owners", "registrar", "suite", "world"]
