"""What the settings let clients be registered with."""

from lockhouse.configuration import Configuration
from lockhouse.trust_anchors import mutual_tls
from protocols.oauth2 import STANDARD_SCOPES, ClientPolicy

__all__ = ["policy_for"]


def policy_for(configuration: Configuration) -> ClientPolicy:
    """Return the deployment's side of a registration. Raise `SettingsInvalid` for a file that cannot be read."""
    settings = configuration.settings
    return ClientPolicy(
        profile=settings.ciba.profile,
        scopes=tuple({**STANDARD_SCOPES, **settings.scopes}),
        algorithms=settings.keys.algorithms,
        mutual_tls=mutual_tls(configuration),
    )
