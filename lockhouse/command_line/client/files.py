"""``lockhouse client check``, ``diff``, ``apply`` and ``schema``: clients kept in a file, like code."""

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from engine.storage import Unit
from lockhouse.client_file import (
    Action,
    ClientFile,
    FileInvalid,
    Plan,
    Secrets,
    Step,
    apply_plan,
    client_file_schema,
    plan_for,
    read_client_file,
)
from lockhouse.client_policy import policy_for
from lockhouse.command_line.console import note, print_json, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.configuration import load_configuration
from lockhouse.installation import Installation
from protocols.oauth2 import Clients
from protocols.oauth2_ciba import remove_client

__all__ = ["apply", "check", "diff", "schema"]

_DEFAULT = Path("lockhouse.toml")
DIFFERENT, REFUSED, UNUSABLE = 1, 1, 2
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A file of clients, such as clients.yaml.")]
PruneOption = Annotated[bool, typer.Option("--prune", help="Remove clients of this file that it no longer has.")]
_MARKS = {Action.ADD: "+", Action.CHANGE: "~", Action.REMOVE: "-", Action.LEAVE: "?", Action.CONFLICT: "!"}


def check(file: FileArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Check a file of clients; every mistake with its place. Secrets are not looked up, the database is not opened.

    Exit code 0: no mistakes; 2: mistakes.

    Example: lockhouse client check clients.yaml
    """
    found = _read(file, config, look_up=False, as_json=as_json)
    if as_json:
        print_json({"ok": True, "clients": len(found.clients), "mistakes": []})
    else:
        say(f"{file}: no mistakes in {len(found.clients)} clients")


def diff(
    file: FileArgument, *, prune: PruneOption = False, config: ConfigOption = _DEFAULT, as_json: JsonOption = False
) -> None:
    """Say what `apply` would do, and do nothing.

    Exit code 0: nothing; 1: something; 2: the file has mistakes, or a client that somebody else keeps.

    Example: lockhouse client diff clients.yaml
    """
    declared = _read(file, config, look_up=True, as_json=as_json)
    plan = inside(
        config, lambda home: partial(plan_for, file=declared, clients=Clients(keyring=home.keyring), prune=prune)
    )
    _show(plan, as_json=as_json)
    if plan.conflicts:
        raise typer.Exit(UNUSABLE)
    if plan.changing:
        raise typer.Exit(DIFFERENT)


def apply(
    file: FileArgument, *, prune: PruneOption = False, config: ConfigOption = _DEFAULT, as_json: JsonOption = False
) -> None:
    """Make the clients that a file has what the file says: all of them in one transaction, or none.

    Clients that were added by hand, that registered themselves or that another file has are never touched. Exit code
    1: the file has such a client; 2: it has mistakes.

    Example: lockhouse client apply clients.yaml --prune
    """
    declared = _read(file, config, look_up=True, as_json=as_json)
    plan = inside(config, lambda home: _applying(home, declared, prune=prune))
    _show(plan, as_json=as_json)
    if plan.conflicts:
        report("nothing was done: remove those clients by hand first, or give these other ids")
        raise typer.Exit(REFUSED)


def schema(
    *, out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there.")] = None
) -> None:
    """Print the JSON Schema of files of clients, for editors.

    Begin a file with `# yaml-language-server: $schema=./clients.schema.json`.

    Example: lockhouse client schema --out clients.schema.json
    """
    text = json.dumps(client_file_schema(), indent=2) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        report(f"{out}: cannot be written: {error.strerror}; choose another file")
        raise typer.Exit(1) from None
    say(f"{out} written")


def _read(file: Path, config: Path, *, look_up: bool, as_json: bool) -> ClientFile:
    policy = policy_for(load_configuration(config))
    secrets = Secrets(environ=os.environ, folder=file.parent) if look_up else None
    try:
        return read_client_file(file, policy=policy, secrets=secrets)
    except FileInvalid as error:
        if as_json:
            print_json({"ok": False, "mistakes": [mistake.to_json() for mistake in error.mistakes]})
        else:
            report(str(error))
        raise typer.Exit(UNUSABLE) from None


def _applying(home: Installation, declared: ClientFile, *, prune: bool) -> Callable[[Unit], Plan]:
    clients, now = Clients(keyring=home.keyring), home.clock.now()
    kept = timedelta(days=home.configuration.settings.ciba.keep_days)

    def remove(unit: Unit, client_id: str) -> bool:
        return remove_client(unit, client_id, clients=clients, now=now, keep_final=kept)

    def applying(unit: Unit) -> Plan:
        plan = plan_for(unit, declared, clients=clients, prune=prune)
        if not plan.conflicts:
            apply_plan(unit, plan, declared, clients=clients, remove=remove, now=now)
        return plan

    return applying


def _show(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json({"changes": bool(plan.changing), "steps": [step.to_json() for step in plan.steps]})
        return
    sys.stdout.write("".join(f"{_line(step)}\n" for step in plan.steps))
    counts = [f"{sum(step.action is action for step in plan.steps)} to {action.value}" for action in _COUNTED]
    sys.stdout.write(f"{', '.join(counts)}\n" if plan.changing else "nothing changes\n")
    if any(step.action is Action.LEAVE for step in plan.steps):
        note("clients marked with ? left the file and stay: --prune removes them")


_COUNTED = (Action.ADD, Action.CHANGE, Action.REMOVE)


def _line(step: Step) -> str:
    says = "; ".join(f"{key}: {before} → {after}" for key, before, after in step.changes)
    if step.action is Action.CONFLICT:
        says = f"is kept by {step.kept_by} and is not touched"
    return f"{_MARKS[step.action]} {step.client_id}" + (f"  {says}" if says else "")
