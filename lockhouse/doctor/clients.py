"""The check of clients: what one was registered with may not be what the settings allow any more."""

from engine.storage import Database, Keyring
from lockhouse.client_fields import key_of
from lockhouse.client_policy import policy_for
from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.doctor.finding import Finding, ok, warn
from protocols.oauth2 import ClientInvalid, Clients

__all__ = ["check_clients"]

_CLIENTS = "clients"
_REMEDY = "change the client (`lockhouse client change`), or the settings that it was registered under"


async def check_clients(database: Database, keyring: Keyring, configuration: Configuration) -> list[Finding]:
    """Judge every client by the settings as they are now: scopes, keys, profile, certificates."""
    try:
        policy = policy_for(configuration)
    except SettingsInvalid:
        return []  # the check of certificates has said so
    known, found = await database.read(Clients(keyring=keyring).all_registered), []
    for client in known:
        try:
            policy.check(client.settings, secret_kept=True)
        except ClientInvalid as error:
            says = f"{client.settings.client_id}: {key_of(error.setting)}: expected {error.expected}"
            found.append(warn(_CLIENTS, says, _REMEDY))
    return found or [ok(_CLIENTS, f"{len(known)} registered, all as the settings allow")]
