"""The keys that sign tokens: what the settings say of them, and their rotation when it is due."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from lockhouse.installation import Installation
from lockhouse.settings import Settings
from protocols.oauth2 import NewKey, Rotation, SchedulePolicy, make_key, overdue_algorithms, rotate_overdue

__all__ = ["make_keys", "rotate_due_keys", "schedule_policy"]

_log = logging.getLogger(__name__)


def schedule_policy(settings: Settings) -> SchedulePolicy:
    """Return how long tokens live and how often keys change, as the settings have it."""
    longest = max(settings.ciba.access_token_lifetime, settings.ciba.id_token_lifetime)
    days = settings.keys.rotate_days
    return SchedulePolicy(longest_token=timedelta(seconds=longest), every=timedelta(days=days) if days else None)


async def make_keys(algorithms: Sequence[str]) -> dict[str, NewKey]:
    """Make a key pair for each of *algorithms*, off the event loop: an RSA key takes a while."""
    made = [await asyncio.to_thread(make_key, name) for name in algorithms]
    return {key.algorithm: key for key in made}


async def rotate_due_keys(installation: Installation) -> tuple[Rotation, ...]:
    """Give every algorithm of the settings the key that it lacks or that is due, and return what was changed."""
    settings, keyring = installation.configuration.settings, installation.keyring
    policy, now = schedule_policy(settings), installation.clock.now()
    wanted = settings.keys.algorithms
    due = await installation.database.read(lambda unit: overdue_algorithms(unit, wanted, policy=policy, now=now))
    if not due:
        return ()
    made = await make_keys(due)
    rotated = await installation.database.run(
        lambda unit: rotate_overdue(unit, made, keyring=keyring, policy=policy, now=now)
    )
    for rotation in rotated:
        _log.info(
            "signing_key_made",
            extra={"algorithm": rotation.algorithm, "signs_from": rotation.active_from.isoformat(timespec="seconds")},
        )
    return rotated
