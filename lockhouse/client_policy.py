"""What the settings let clients be registered with."""

from lockhouse.settings import Settings
from protocols.oauth2 import STANDARD_SCOPES, ClientPolicy

__all__ = ["policy_for"]


def policy_for(settings: Settings) -> ClientPolicy:
    """Return the deployment's side of a registration."""
    return ClientPolicy(
        profile=settings.ciba.profile,
        scopes=tuple({**STANDARD_SCOPES, **settings.scopes}),
        algorithms=settings.keys.algorithms,
    )
