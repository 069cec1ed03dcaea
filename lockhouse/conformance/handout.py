"""One folder with all that the suite is given, and what is registered here for it."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from lockhouse.conformance.parties import make_party
from lockhouse.conformance.plans import BASIC, FAPI_CIBA, Deployment, basic_plan, ciba_plan
from lockhouse.conformance.registrations import basic_clients, ciba_clients
from lockhouse.folders import unwritable
from protocols.oauth2 import mint_secret

__all__ = ["FolderTaken", "Handout", "write_handout"]


class FolderTaken(Exception):
    """The folder for the files is in use or cannot be made. Nothing was written."""

    code: ClassVar[str] = "folder_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """What was written: *plans* are lines for the suite's `run-test-plan.py`, a plan and its configuration."""

    folder: Path
    plans: tuple[str, ...]
    clients: tuple[str, ...]


def write_handout(folder: Path, at: Deployment, *, now: datetime) -> Handout:
    """Write everything for *at* into *folder*, which may not be in use; raise FolderTaken.

    The files hold private keys and secrets of their own, readable by whoever runs this alone.
    """
    if problem := unwritable(folder):
        raise FolderTaken(f"expected a folder that can be made, found {folder}: {problem}")
    if folder.exists() and any(folder.iterdir()):
        raise FolderTaken(f"expected a folder without files, found {folder} in use; name another one with --out")
    files, plans = _files(at, now)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in files.items():
        _write(folder / name, text)
    _write(folder / "plans.txt", "".join(f"{plan} {name}\n" for plan, name in plans))
    clients = tuple(name for name in files if name.endswith(".yaml"))
    return Handout(folder=folder, plans=tuple(f"{plan} {name}" for plan, name in plans), clients=clients)


def _files(at: Deployment, now: datetime) -> tuple[dict[str, str], list[tuple[str, str]]]:
    parties = make_party("suite-1", now=now), make_party("suite-2", now=now)
    secrets = mint_secret(), mint_secret()
    configurations = {f"fapi-ciba-{variant.name}.json": ciba_plan(variant, at, parties) for variant in FAPI_CIBA}
    basic = "oidc-basic.json"
    plans = [*zip((variant.plan for variant in FAPI_CIBA), configurations, strict=True), (BASIC, basic)]
    told = {**configurations, basic: basic_plan(at, secrets)}
    keys = {f"suite-{number}.jwks.json": party.public_jwks for number, party in enumerate(parties, 1)}
    files = {name: json.dumps(value, indent=2) + "\n" for name, value in {**told, **keys}.items()}
    files |= {f"suite-basic-{number}.secret": f"{secret}\n" for number, secret in enumerate(secrets, 1)}
    return {**files, "fapi-ciba.clients.yaml": ciba_clients(at), "oidc-basic.clients.yaml": basic_clients(at)}, plans


def _write(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(text)
