"""Hashes and checks passwords with argon2id: off the event loop, at most as many at once as there are cores.

Deciding whether a check may be made at all is left to `lockhouse.directory.attempts`.
"""

import asyncio
import os
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lockhouse.directory.hints import NameInvalid

__all__ = ["Passwords"]

_MOST = 1024


class Passwords:
    """Makes and checks argon2id hashes of one cost.

    A person who does not exist, or has no password, is checked against a hash of nothing anybody knows, so that
    the answer takes as long as for anybody else.
    """

    def __init__(self, *, memory_kib: int, rounds: int, lanes: int) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=lanes)
        self._nobody = self._hasher.hash(secrets.token_hex())
        # More threads than cores would make each check slower and the sum no faster.
        self._threads = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="argon2id")

    def hash(self, password: str) -> str:
        """Return the hash to keep. Raise `NameInvalid` for an empty or an endless password."""
        if not 1 <= len(password) <= _MOST:
            raise NameInvalid(f"password: expected 1 to {_MOST} characters")
        return self._hasher.hash(_one_form(password))

    async def matches(self, kept: str | None, password: str) -> bool:
        """Say whether *password* made *kept*."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._matches, kept, password)

    async def renewed(self, kept: str, password: str) -> str | None:
        """Return a new hash where *kept* was made at another cost; None where it was not.

        For a *password* that has just matched: it is the one moment at which a hash can be made anew.
        """
        if not self._hasher.check_needs_rehash(kept):
            return None
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.hash, password)

    def close(self) -> None:
        """Wait for the checks that run, and end the threads."""
        self._threads.shutdown()

    def _matches(self, kept: str | None, password: str) -> bool:
        known = kept if len(password) <= _MOST else None
        try:
            self._hasher.verify(known or self._nobody, _one_form(password[:_MOST]))
        except (VerificationError, InvalidHashError):
            return False
        return known is not None


def _one_form(password: str) -> bytes:
    # Two keyboards write the same letters differently (NIST SP 800-63B 3.1.1.2). A lone surrogate is kept as it is.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
