"""``lockhouse keys``: the keys that sign tokens, how they take turns, and how an old one is forgotten."""

import asyncio
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from lockhouse.command_line.console import note, print_json, print_table, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from lockhouse.signing import make_keys, schedule_policy
from protocols.oauth2 import KeyState, KeyTimes, Rotation, forget_private_half, key_times, rotate_key

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Keys that sign tokens: list them, rotate them, forget old ones.")

_DEFAULT = Path("lockhouse.toml")
_COLUMNS = ["kid", "alg", "state", "next"]


@app.command("list")
def list_keys(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show every key with its place in life: coming, signing, retired, verify only."""
    keys, now = inside(config, lambda home: lambda unit: (key_times(unit), home.clock.now()))
    if as_json:
        print_json([_life(key, now) for key in keys])
    else:
        print_table(_COLUMNS, [_row(key, now) for key in keys], empty="no key yet; run `lockhouse init`")


@app.command()
def rotate(
    *,
    algorithm: Annotated[
        str | None, typer.Option(metavar="ALG", help="Only the key of this algorithm; all of the settings if left out.")
    ] = None,
    at_once: Annotated[
        bool, typer.Option("--now", help="The old key may be known to others: it neither signs nor is shown any more.")
    ] = False,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make a new key; it takes over when every client can know it, and the old one stays to verify with.

    Example: lockhouse keys rotate --algorithm ES256
    """
    ours = load_configuration(config).settings.keys.algorithms
    if algorithm is not None and algorithm not in ours:
        report(f"--algorithm: expected one of keys.algorithms ({', '.join(ours)}), found {algorithm}")
        raise typer.Exit(2)
    wanted = ours if algorithm is None else (algorithm,)
    rotations = asyncio.run(_rotate(config, wanted, at_once=at_once))
    if as_json:
        print_json([_told(each) for each in rotations])
        return
    for each in rotations:
        say(f"{each.algorithm}: a new key signs from {_moment(each.active_from)}")
    if at_once:
        note("Servers that run take it up within five seconds. Tokens of the old key no longer verify for others.")


@app.command()
def forget(
    kid: Annotated[str, typer.Argument(metavar="KID", help="A key that has retired; the beginning is enough.")],
    *,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Erase the private half of a retired key. Its public half stays for ever, to verify what it signed."""
    forgotten = inside(config, lambda home: partial(forget_private_half, kid=kid, now=home.clock.now()))
    if as_json:
        print_json({"kid": forgotten, "forgotten": True})
    else:
        say(f"key {forgotten} can sign no more")


async def _rotate(config: Path, algorithms: tuple[str, ...], *, at_once: bool) -> list[Rotation]:
    made = await make_keys(algorithms)
    async with opened(load_configuration(config)) as home:
        policy, now = schedule_policy(home.configuration.settings), home.clock.now()
        return await home.database.run(
            lambda unit: [
                rotate_key(unit, key, keyring=home.keyring, policy=policy, now=now, at_once=at_once)
                for key in made.values()
            ]
        )


def _row(key: KeyTimes, now: datetime) -> dict[str, str]:
    state = key.state(now)
    return {"kid": key.kid, "alg": key.algorithm, "state": state.value, "next": _next(key, state)}


def _next(key: KeyTimes, state: KeyState) -> str:
    match state:
        case KeyState.COMING:
            return f"signs {_moment(key.active_from)}"
        case KeyState.SIGNING if key.retired_at is not None:
            return f"retires {_moment(key.retired_at)}"
        case KeyState.RETIRED if key.unpublished_at is not None:
            return f"leaves the JWKS {_moment(key.unpublished_at)}"
        case _ if not key.can_sign:
            return "private half forgotten"
        case _:
            return ""


def _life(key: KeyTimes, now: datetime) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state(now).value,
        "active_from": key.active_from.isoformat(),
        "retired_at": key.retired_at and key.retired_at.isoformat(),
        "unpublished_at": key.unpublished_at and key.unpublished_at.isoformat(),
        "can_sign": key.can_sign,
    }


def _told(rotation: Rotation) -> dict[str, Any]:
    return {
        "algorithm": rotation.algorithm,
        "signs_from": rotation.active_from.isoformat(),
        "retired": list(rotation.retire),
    }


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
