"""Sector documents: that a client belongs to a sector is for that sector to say (requirements 14 and 15)."""

import json

from protocols.oauth2.client_registration import NewClient
from protocols.oauth2.metadata_members import invalid_metadata
from protocols.oauth2.remote_keys import KeyFetcher, KeysNotThere

__all__ = ["check_sector"]

_MEMBER = "sector_identifier_uri"
_LONGEST = 64 * 1024


async def check_sector(client: NewClient, fetcher: KeyFetcher) -> None:
    """Fetch the sector document that *client* names, if it names one, and see that it is of that sector.

    Raises ``invalid_client_metadata`` for a document that cannot be had, or does not list the address that counts:
    ``jwks_uri`` of poll and ping clients, the notification endpoint of push clients (CIBA Core section 4), every
    redirect of a client that only signs people in (OpenID Connect Core section 8.1).
    """
    address = client.details.get(_MEMBER)
    if client.subject_type != "pairwise" or not isinstance(address, str):
        return
    if not client.sector_sources:
        raise invalid_metadata(_MEMBER, "nothing: this client has no address that a document could list")
    listed = await _listed(address, fetcher)
    if not all(source in listed for source in client.sector_sources):
        raise invalid_metadata(_MEMBER, "a document that lists this client's keys, notifications or redirects")


async def _listed(address: str, fetcher: KeyFetcher) -> list[object]:
    try:
        body = await fetcher.fetch(address)
        listed = json.loads(body) if len(body) <= _LONGEST else None
    except (KeysNotThere, ValueError, RecursionError) as error:
        raise invalid_metadata(_MEMBER, "a document that can be fetched and is JSON") from error
    if not isinstance(listed, list):
        raise invalid_metadata(_MEMBER, f"a document with a JSON array, at most {_LONGEST} bytes long")
    return listed
