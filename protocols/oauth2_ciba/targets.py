"""Which resources a request may name (RFC 8707): those that clients are registered as, and those of the settings."""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select

from engine.storage import Unit
from protocols.oauth2 import OAuthError
from protocols.oauth2.tables import CLIENTS

_REGISTERED = select(CLIENTS.c.resource).where(
    CLIENTS.c.resource.in_(bindparam("named", expanding=True)), CLIENTS.c.disabled == 0
)


def check_targets(unit: Unit, asked: Sequence[str], *, known: Collection[str]) -> None:
    """Raise ``invalid_target`` for a resource that is neither *known* nor what a client is registered as."""
    unknown = [resource for resource in asked if resource not in known]
    if not unknown:
        return
    if not set(unknown) <= set(unit.execute(_REGISTERED, {"named": unknown}).scalars()):
        raise OAuthError("invalid_target", "a resource is unknown here")
