"""Key sets behind a client's ``jwks_uri``: fetched when needed, remembered for a while, never fetched in a rush."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from protocols.oauth2.key_sets import KeySet, KeySetInvalid, parse_key_set

__all__ = ["KeyFetcher", "KeysNotThere", "RemoteKeys"]

_log = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=10)
STALE_FOR = timedelta(hours=24)
LEAST_PAUSE = timedelta(minutes=1)
_MOST_SETS = 1000


class KeysNotThere(Exception):
    """The key set cannot be had now: a matter of the client's server, and worth another try."""

    code = "keys_not_there"


class KeyFetcher(Protocol):
    """Gets documents from other people's servers, under the rules for outgoing requests."""

    async def fetch(self, url: str) -> bytes:
        """Return the body of a 200 answer; raise KeysNotThere for everything else."""
        ...


@dataclass(slots=True)
class _Known:
    """What is known of one address. ``keys`` is None before the first success."""

    keys: KeySet | None = None
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)


class RemoteKeys:
    """The key sets of clients that keep them elsewhere.

    A set is fetched again when it is older than ten minutes, or when it lacks the kid that a client uses (it may have
    rotated), but at most once a minute for each address. Where the address does not answer, the set that was fetched
    last counts for a day.
    """

    def __init__(self, fetcher: KeyFetcher) -> None:
        self._fetcher = fetcher
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def find(self, url: str, *, kid: str | None, algorithm: str, now: datetime) -> KeySet:
        """Return the set behind *url*, with the key named *kid* in it if the client's server has it by now.

        Raises KeysNotThere where there is no set to go by.
        """
        return await self.find_with(url, lambda keys: keys.find(kid, algorithm) is not None, now=now)

    async def find_with(self, url: str, holds: Callable[[KeySet], bool], *, now: datetime) -> KeySet:
        """Return the set behind *url*; one for which *holds* is true if the client's server has it by now.

        Raises KeysNotThere where there is no set to go by.
        """
        known = self._of(url)
        if _needs_fetch(known, holds, now):
            async with known.fetching:
                # Whoever waited here has been served by the one who fetched.
                if _needs_fetch(known, holds, now):
                    await self._fetch(url, known, now)
        return _usable(known, now)

    async def fetch(self, url: str) -> bytes:
        """Return the document behind *url* as it is now, whatever is remembered; raise KeysNotThere."""
        return await self._fetcher.fetch(url)

    async def _fetch(self, url: str, known: _Known, now: datetime) -> None:
        try:
            known.keys = parse_key_set(await self._fetcher.fetch(url))
            known.fetched_at = now
        except (KeysNotThere, KeySetInvalid) as error:
            _log.warning("jwks_not_fetched", extra={"url": url, "cause": str(error)})
        finally:
            known.tried_at = now  # afterwards: until then everybody waits for this fetch

    def _of(self, url: str) -> _Known:
        known = self._known.setdefault(url, _Known())
        self._known.move_to_end(url)
        while len(self._known) > _MOST_SETS:
            self._known.popitem(last=False)
        return known


def _needs_fetch(known: _Known, holds: Callable[[KeySet], bool], now: datetime) -> bool:
    if known.tried_at is not None and timedelta(0) <= now - known.tried_at < LEAST_PAUSE:
        return False
    if known.keys is None or known.fetched_at is None or now - known.fetched_at >= FRESH_FOR:
        return True
    return not holds(known.keys)


def _usable(known: _Known, now: datetime) -> KeySet:
    if known.keys is None or known.fetched_at is None or now - known.fetched_at >= STALE_FOR:
        raise KeysNotThere("the key set cannot be fetched")
    return known.keys
