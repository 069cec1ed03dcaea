"""When a signing key is announced, signs, retires and leaves the JWKS: decisions on times, and nothing else.

A key is published one cache time before it signs, and stays published until the last token it signed has run out, so
that no verifier ever meets a kid that it cannot have. Retired keys stay in the register for ever, to verify with.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

__all__ = [
    "JWKS_CACHE",
    "REMEMBERED_FOR",
    "KeyState",
    "KeyTimes",
    "Rotation",
    "SchedulePolicy",
    "overdue",
    "plan_rotation",
    "signer",
]

# How long verifiers may keep the JWKS: told with it, and waited for before a new key signs.
JWKS_CACHE = timedelta(minutes=5)
# How long a process goes on with the keys that it has read: so long one that was taken out of use at once may still
# sign elsewhere, and a new one not be shown. Reading them is one small query.
REMEMBERED_FOR = timedelta(seconds=5)


class KeyState(StrEnum):
    """Where a key stands in its life."""

    COMING = "coming"
    SIGNING = "signing"
    RETIRED = "retired"
    VERIFYING = "verify only"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTimes:
    """The life of one key. ``retired_at`` and ``unpublished_at`` are None while nobody has planned them."""

    kid: str
    algorithm: str
    active_from: datetime
    retired_at: datetime | None = None
    unpublished_at: datetime | None = None
    can_sign: bool = True

    def state(self, now: datetime) -> KeyState:
        """Return where the key stands at *now*."""
        if self.unpublished_at is not None and self.unpublished_at <= now:
            return KeyState.VERIFYING
        if not self.can_sign or (self.retired_at is not None and self.retired_at <= now):
            return KeyState.RETIRED
        return KeyState.COMING if self.active_from > now else KeyState.SIGNING

    @property
    def published(self) -> bool:
        """Say whether nobody has planned yet when this key leaves the JWKS."""
        return self.unpublished_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePolicy:
    """How long tokens live, after what time a key makes place for another (None: never by itself), JWKS caching."""

    longest_token: timedelta
    every: timedelta | None
    cache: timedelta = JWKS_CACHE + REMEMBERED_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What to write: the new key signs from ``active_from``; ``retire`` are the keys that it takes over from."""

    algorithm: str
    active_from: datetime
    retire: tuple[str, ...]
    unpublish_at: datetime


def signer(keys: Iterable[KeyTimes], algorithm: str, now: datetime) -> KeyTimes | None:
    """Return the key that signs with *algorithm* at *now*: the one that became active last."""
    active = [key for key in keys if key.algorithm == algorithm and key.state(now) is KeyState.SIGNING]
    return max(active, key=lambda key: (key.active_from, key.kid), default=None)


def plan_rotation(
    keys: Sequence[KeyTimes], algorithm: str, *, now: datetime, policy: SchedulePolicy, at_once: bool = False
) -> Rotation:
    """Return how a new key for *algorithm* takes over.

    With *at_once* the old keys are thought to be known to others: they sign no more and leave the JWKS now, and what
    they signed is not verified any longer by whoever reads it there. Otherwise the new key waits for one cache time.
    """
    ours = [key for key in keys if key.algorithm == algorithm]
    replaced = tuple(key.kid for key in ours if key.published)
    if at_once:
        replaced = tuple(key.kid for key in ours if key.state(now) is not KeyState.VERIFYING)
        return Rotation(algorithm=algorithm, active_from=now, retire=replaced, unpublish_at=now)
    active_from = now + policy.cache
    return Rotation(
        algorithm=algorithm,
        active_from=active_from,
        retire=replaced,
        unpublish_at=active_from + policy.longest_token + policy.cache,
    )


def overdue(
    keys: Sequence[KeyTimes], algorithms: Iterable[str], *, now: datetime, policy: SchedulePolicy
) -> tuple[str, ...]:
    """Return the algorithms that need a new key now: they have none, or the newest has signed for long enough."""
    return tuple(name for name in algorithms if _is_overdue(keys, name, now, policy))


def _is_overdue(keys: Sequence[KeyTimes], algorithm: str, now: datetime, policy: SchedulePolicy) -> bool:
    standing = [key.active_from for key in keys if key.algorithm == algorithm and key.published and key.can_sign]
    if not standing:
        return True
    # The successor is announced early enough to take over when the time is up.
    return policy.every is not None and max(standing) + policy.every - policy.cache <= now
