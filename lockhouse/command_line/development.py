"""``lockhouse dev``: decide without a person, while a client is being written."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from engine.storage import Unit
from lockhouse.command_line.console import print_json, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption
from lockhouse.configuration import load_configuration
from lockhouse.installation import opened
from lockhouse.wiring import wired
from protocols.oauth2_ciba import Decided, DecisionMaker, approve, deny, expire

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Decide without a person; only with development = true.")

_DEFAULT = Path("lockhouse.toml")
_Decide = Callable[[Unit, str | None, DecisionMaker], Decided]
RequestArgument = Annotated[
    str | None, typer.Argument(metavar="[AUTH_REQ_ID]", help="The request; the newest pending one if left out.")
]


@app.command("approve")
def approve_request(
    auth_req_id: RequestArgument = None, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False
) -> None:
    """Approve all that a request asks for, as its person would."""
    _decide(approve, "approved", auth_req_id, config, as_json=as_json)


@app.command("deny")
def deny_request(
    auth_req_id: RequestArgument = None, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False
) -> None:
    """Refuse a request, as its person would."""
    _decide(deny, "denied", auth_req_id, config, as_json=as_json)


@app.command("expire")
def expire_request(
    auth_req_id: RequestArgument = None, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False
) -> None:
    """Let a request's time be up now."""
    _decide(expire, "expired", auth_req_id, config, as_json=as_json)


def _decide(decide: _Decide, done: str, auth_req_id: str | None, config: Path, *, as_json: bool) -> None:
    configuration = load_configuration(config)
    if not configuration.settings.development:
        report(f"expected development = true in {configuration.file}, found a server for people: they decide there")
        raise typer.Exit(2)

    async def run() -> Decided:
        async with opened(configuration) as home, wired(home, work=False) as server:
            maker = DecisionMaker(
                records=server.records,
                keyring=home.keyring,
                execution=f"dev-{secrets.token_hex(8)}",
                now=home.clock.now(),
            )
            return await home.database.run(lambda unit: decide(unit, auth_req_id, maker))

    decided = asyncio.run(run())
    if as_json:
        print_json({"client_id": decided.client_id, "subject": decided.subject, "status": done})
    else:
        say(f"{done}: {decided.client_id} asked {decided.subject} for {' '.join(decided.scopes)}")
