"""``lockhouse conformance``: hand the OpenID Foundation's suite all that it needs to try this server."""

import asyncio
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from lockhouse.command_line.console import note, print_json, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption
from lockhouse.configuration import load_configuration
from lockhouse.conformance import Handout, approval_url, write_handout
from lockhouse.conformance.plans import Deployment
from lockhouse.directory.accounts import DirectoryAccounts
from lockhouse.directory.persons import Persons
from lockhouse.installation import Installation, opened
from protocols.oauth2 import Found

__all__ = ["conformance"]

_DEFAULT = Path("lockhouse.toml")
_SUITE = "https://localhost.emobix.co.uk:8443"
_ALIAS = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)


def conformance(
    *,
    person: Annotated[str, typer.Option(metavar="HINT", help="The person whom the suite asks: a login_hint.")],
    suite: Annotated[str, typer.Option(metavar="URL", help="Where the suite runs; at home if left out.")] = _SUITE,
    alias: Annotated[str, typer.Option(metavar="NAME", help="What the suite calls this server.")] = "lockhouse",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files; it may not be in use.")] = Path(
        "conformance"
    ),
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Write what the OpenID Foundation's conformance suite needs: plans, clients, fresh keys; nothing is overwritten.

    Example: lockhouse conformance --person ann && lockhouse client apply conformance/fapi-ciba.clients.yaml
    """
    address = urlsplit(suite)
    if address.scheme != "https" or not address.hostname or address.query or address.fragment:
        report(f"--suite: expected an https address, found {suite}")
        raise typer.Exit(2)
    if not _ALIAS.fullmatch(alias):
        report(f"--alias: expected at most 32 of a-z 0-9 -, found {alias}")
        raise typer.Exit(2)

    async def run() -> tuple[Handout | None, bool]:
        async with opened(load_configuration(config)) as home:
            development = home.configuration.settings.development
            if not await _is_known(home, person):
                return None, development
            deployment = _deployment(home, suite=suite, alias=alias, person=person)
            return await asyncio.to_thread(write_handout, out, deployment, now=home.clock.now()), development

    written, development = asyncio.run(run())
    if written is None:
        report(f"--person: expected somebody who is known here, found {person}; lockhouse person add adds them")
        raise typer.Exit(2)
    _tell(written, development=development, as_json=as_json)


async def _is_known(home: Installation, hint: str) -> bool:
    country = home.configuration.settings.sms.default_country
    accounts = DirectoryAccounts(persons=Persons(keyring=home.keyring), channels=(), country=country)
    return isinstance(await home.database.read(lambda unit: accounts.find(unit, hint)), Found)


def _deployment(home: Installation, *, suite: str, alias: str, person: str) -> Deployment:
    settings = home.configuration.settings
    return Deployment(
        issuer=settings.issuer,
        clients_at=settings.mtls.address or settings.issuer,
        suite=suite,
        alias=alias,
        person=person,
        acr=next(iter(settings.ciba.acr.values()), ""),
        approve_at=approval_url(settings.issuer, home.keyring) if settings.development else None,
    )


def _tell(written: Handout, *, development: bool, as_json: bool) -> None:
    if as_json:
        plans = [dict(zip(("plan", "configuration"), line.split(), strict=True)) for line in written.plans]
        clients = [str(written.folder / name) for name in written.clients]
        print_json({"folder": str(written.folder), "plans": plans, "clients": clients, "approves": development})
        return
    say(f"{written.folder} written, with private keys: keep it to yourself, and remove it after the run")
    for name in written.clients:
        say(f"  lockhouse client apply {written.folder / name}")
    if not development:
        note("Without development = true there is no approval hook: somebody has to decide on the pages, each time.")
