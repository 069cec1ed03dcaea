"""The rows of the signing keys: stored sealed, rotated one for another, their public halves never deleted."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from engine.storage import Keyring, Place, Unit, from_micros, insert_or_ignore, to_micros
from protocols.oauth2.key_pairs import KeyMaterial, NewKey
from protocols.oauth2.key_schedule import KeyState, KeyTimes, Rotation, SchedulePolicy, overdue, plan_rotation
from protocols.oauth2.tables import SIGNING_KEYS

__all__ = [
    "KeyInUse",
    "UnknownKey",
    "forget_private_half",
    "generate_keys",
    "key_times",
    "overdue_algorithms",
    "place_of",
    "read_keys",
    "rotate_key",
    "rotate_overdue",
    "times_of",
]

TOKENS, ASSERTIONS = "tokens", "assertions"

_KEYS: Final = SIGNING_KEYS.c
_INSERT = insert_or_ignore(SIGNING_KEYS)
_SELECT = select(SIGNING_KEYS).where(_KEYS.purpose == bindparam("wanted")).order_by(_KEYS.active_from, _KEYS.kid)
# Whoever rotates holds these rows until the unit ends: there always are some, and no two processes rotate at once.
_LOCK = select(_KEYS.kid).where(_KEYS.purpose == bindparam("wanted")).with_for_update()
_RETIRE = (
    update(SIGNING_KEYS)
    .where(_KEYS.kid == bindparam("which"))
    .values(retired_at=bindparam("retire"), unpublished_at=bindparam("unpublish"))
)
_FORGET = update(SIGNING_KEYS).where(_KEYS.kid == bindparam("which")).values(private_key=None)


class UnknownKey(LookupError):
    """No signing key has a kid that begins so, or several have."""

    code = "unknown_key"

    def __init__(self, kid: str, found: int) -> None:
        says = "there is no signing key" if not found else f"there are {found} signing keys whose kid begins with"
        super().__init__(f"{says} {kid}; `lockhouse keys list` shows those there are")


class KeyInUse(ValueError):
    """The key still signs, or will: its private half cannot be forgotten."""

    code = "key_in_use"

    def __init__(self, kid: str, state: KeyState) -> None:
        expected = "expected a key that has retired"
        super().__init__(f"{expected}, found {kid}, which is {state.value}; run `lockhouse keys rotate` first")


def generate_keys(unit: Unit, *, material: KeyMaterial, keyring: Keyring, now: datetime) -> None:
    """Store the first keys of a deployment, the private halves sealed; for ``lockhouse init``."""
    for purpose, key in ((TOKENS, material.tokens), (ASSERTIONS, material.assertions)):
        _store(unit, key, purpose=purpose, keyring=keyring, active_from=now)


def read_keys(unit: Unit, purpose: str) -> list[Any]:
    """Return the rows of *purpose*, those that become active first before the others."""
    return unit.execute(_SELECT, {"wanted": purpose}).all()


def times_of(row: Any) -> KeyTimes:
    """Return when the key of *row* signs and is published."""
    return KeyTimes(
        kid=row.kid,
        algorithm=row.algorithm,
        active_from=from_micros(row.active_from),
        retired_at=_moment(row.retired_at),
        unpublished_at=_moment(row.unpublished_at),
        can_sign=row.private_key is not None,
    )


def key_times(unit: Unit) -> tuple[KeyTimes, ...]:
    """Return the lives of all token keys."""
    return tuple(times_of(row) for row in read_keys(unit, TOKENS))


def overdue_algorithms(
    unit: Unit, algorithms: Iterable[str], *, policy: SchedulePolicy, now: datetime
) -> tuple[str, ...]:
    """Return which of *algorithms* need a new key now."""
    return overdue(key_times(unit), algorithms, now=now, policy=policy)


def rotate_key(
    unit: Unit, new: NewKey, *, keyring: Keyring, policy: SchedulePolicy, now: datetime, at_once: bool = False
) -> Rotation:
    """Store *new* as the successor of the keys of its algorithm; see `plan_rotation`."""
    unit.execute(_LOCK, {"wanted": ASSERTIONS}).all()
    return _rotate(unit, new, keyring=keyring, policy=policy, now=now, at_once=at_once)


def rotate_overdue(
    unit: Unit, made: Mapping[str, NewKey], *, keyring: Keyring, policy: SchedulePolicy, now: datetime
) -> tuple[Rotation, ...]:
    """Rotate those algorithms of *made* that still need it: another process may have been faster."""
    unit.execute(_LOCK, {"wanted": ASSERTIONS}).all()
    due = overdue(key_times(unit), made, now=now, policy=policy)
    return tuple(_rotate(unit, made[name], keyring=keyring, policy=policy, now=now, at_once=False) for name in due)


def forget_private_half(unit: Unit, kid: str, *, now: datetime) -> str:
    """Erase what the key signed with whose kid begins with *kid*, and return that kid.

    Its public half stays, to verify with. Raises UnknownKey or KeyInUse.
    """
    unit.execute(_LOCK, {"wanted": ASSERTIONS}).all()
    lives = [key for key in key_times(unit) if key.kid.startswith(kid)]
    if len(lives) != 1:
        raise UnknownKey(kid, len(lives))
    (life,) = lives
    if (state := life.state(now)) in {KeyState.SIGNING, KeyState.COMING}:
        raise KeyInUse(life.kid, state)
    unit.execute(_FORGET, {"which": life.kid})
    return life.kid


def place_of(kid: str) -> Place:
    """Return where the private half of *kid* is sealed."""
    return Place("oauth2_signing_keys", "private_key", kid)


def _rotate(
    unit: Unit, new: NewKey, *, keyring: Keyring, policy: SchedulePolicy, now: datetime, at_once: bool
) -> Rotation:
    plan = plan_rotation(key_times(unit), new.algorithm, now=now, policy=policy, at_once=at_once)
    times = MappingProxyType({"retire": to_micros(plan.active_from), "unpublish": to_micros(plan.unpublish_at)})
    for kid in plan.retire:
        unit.execute(_RETIRE, {"which": kid, **times})
    _store(unit, new, purpose=TOKENS, keyring=keyring, active_from=plan.active_from)
    return plan


def _store(unit: Unit, key: NewKey, *, purpose: str, keyring: Keyring, active_from: datetime) -> None:
    row = {
        "kid": key.kid,
        "purpose": purpose,
        "algorithm": key.algorithm,
        "public_key": json.dumps(dict(key.public_jwk)),
        "private_key": keyring.seal(place_of(key.kid), key.private_key),
        "active_from": to_micros(active_from),
        "retired_at": None,
        "unpublished_at": None,
    }
    unit.execute(_INSERT, row)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
