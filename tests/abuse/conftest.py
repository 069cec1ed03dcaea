"""One deployment for each file of abuses."""

from tests.fixtures.deployments import books, client, lockhouse, mail_server

__all__ = ["books", "client", "lockhouse", "mail_server"]
