"""``lockhouse client remove`` and ``disable``."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from engine.storage import Unit
from lockhouse.command_line.console import print_json, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.installation import Installation
from protocols.oauth2 import Clients
from protocols.oauth2_ciba import remove_client

__all__ = ["disable", "remove"]

_DEFAULT = Path("lockhouse.toml")


def remove(
    client_id: Annotated[str, typer.Argument(metavar="ID", help="The client to remove.")],
    *,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Remove a client; its open requests are cancelled and its tokens revoked."""
    if not inside(config, lambda home: removing(home, client_id)):
        raise _nobody(client_id)
    if as_json:
        print_json({"id": client_id, "removed": True})
    else:
        say(f"client {client_id} removed")


def disable(
    client_id: Annotated[str, typer.Argument(metavar="ID", help="The client to refuse.")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Let it in again.")] = False,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Refuse a client from now on: its requests, its polls, its tokens. Nothing is lost: --undo lets it in again."""

    def disabling(home: Installation) -> Callable[[Unit], bool]:
        clients = Clients(keyring=home.keyring)
        return partial(clients.enable if undo else clients.disable, client_id=client_id)

    if not inside(config, disabling):
        raise _nobody(client_id)
    status = "enabled" if undo else "disabled"
    if as_json:
        print_json({"id": client_id, "status": status})
    else:
        say(f"client {client_id} {status}")


def removing(home: Installation, client_id: str) -> Callable[[Unit], bool]:
    """Return what removes the client with all that it has."""
    kept = timedelta(days=home.configuration.settings.ciba.keep_days)
    clients = Clients(keyring=home.keyring)
    return partial(remove_client, client_id=client_id, clients=clients, now=home.clock.now(), keep_final=kept)


def _nobody(client_id: str) -> typer.Exit:
    report(f"there is no client {client_id}; `lockhouse client list` shows those there are")
    return typer.Exit(1)
