"""One deployment for each file of journeys."""

from tests.fixtures.deployments import client, lockhouse, mail_server

__all__ = ["client", "lockhouse", "mail_server"]
