"""DPoP proofs count once (RFC 9449 section 11.1): which were used is remembered while they could be used again."""

from collections import OrderedDict
from datetime import datetime
from typing import Protocol

from lockhouse.resource.errors import CannotJudge

__all__ = ["ProofMemory", "UsedProofs"]


class UsedProofs(Protocol):
    """Remembers used proofs. An API of more than one process shares one memory, such as a table or a cache server."""

    async def use(self, proof: bytes, *, expires_at: datetime, now: datetime) -> bool:
        """Note that *proof*, a hash, is used; return False where it was before. It may be forgotten at *expires_at*."""
        ...


class ProofMemory:
    """The used proofs of one process, at most *most* of them: then new ones wait until old ones have expired."""

    def __init__(self, *, most: int = 100_000) -> None:
        self._most = most
        self._used: OrderedDict[bytes, datetime] = OrderedDict()

    async def use(self, proof: bytes, *, expires_at: datetime, now: datetime) -> bool:
        """Note that *proof* is used; return False where it was before. Raises CannotJudge where there is no room."""
        while self._used and next(iter(self._used.values())) <= now:
            self._used.popitem(last=False)
        if proof in self._used:
            return False
        if len(self._used) >= self._most:
            # To forget one that is still good would let it in again.
            raise CannotJudge("proofs_full", "too many proofs were used of late")
        self._used[proof] = expires_at
        return True
