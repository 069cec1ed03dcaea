"""The issuer's published keys, fetched over HTTP: metadata first, then the key set that it names."""

import json
from typing import Any, Final

import httpx2

from lockhouse.client.provider import DISCOVERY, is_private_to_us
from protocols.oauth2 import KeysNotThere

__all__ = ["IssuerDocuments"]

_LONGEST: Final = 64 * 1024
_SECONDS: Final = 10.0


class IssuerDocuments:
    """Gets the key set of an issuer by the issuer's name alone; `protocols.oauth2.RemoteKeys` decides when.

    *transport* stands in for the network.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._transport = transport

    async def fetch(self, url: str) -> bytes:
        """Return the key set of the issuer *url*; raise KeysNotThere."""
        # Connections are not kept: this happens every ten minutes, and nobody has to remember to close anything.
        client = httpx2.AsyncClient(
            trust_env=False, follow_redirects=False, timeout=_SECONDS, transport=self._transport
        )
        async with client:
            metadata = _as_object(await _read(client, url.rstrip("/") + DISCOVERY))
            keys = metadata.get("jwks_uri")
            if metadata.get("issuer") != url:
                raise KeysNotThere("expected the issuer's metadata, found another's")
            if not isinstance(keys, str) or not is_private_to_us(keys):
                raise KeysNotThere("expected an https address as jwks_uri, found another")
            return await _read(client, keys)


async def _read(client: httpx2.AsyncClient, url: str) -> bytes:
    body = bytearray()
    try:
        async with client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _LONGEST:
                    raise KeysNotThere(f"expected a document of at most {_LONGEST} bytes, found a longer one")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise KeysNotThere(f"no answer: {type(error).__name__}") from error
    if answer.status_code != 200:
        raise KeysNotThere(f"expected status 200, found {answer.status_code}")
    return bytes(body)


def _as_object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeysNotThere("expected metadata as JSON, found something else") from error
    return found if isinstance(found, dict) else {}
