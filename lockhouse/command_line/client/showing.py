"""``lockhouse client list`` and ``show``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lockhouse.client_fields import values_of
from lockhouse.command_line.console import print_json, print_table, report
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from protocols.oauth2 import Client, Clients, Registered

__all__ = ["list_clients", "show"]

_DEFAULT = Path("lockhouse.toml")


def list_clients(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show every client."""
    clients = inside(config, lambda home: Clients(keyring=home.keyring).all)
    rows = [_row(client) for client in clients]
    if as_json:
        print_json([{**row, "scopes": row["scopes"].split()} for row in rows])
    else:
        print_table(["id", "name", "mode", "scopes", "status"], rows, empty="no client yet; see `lockhouse client add`")


def show(
    client_id: Annotated[str, typer.Argument(metavar="ID", help="The client to show.")],
    *,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show all that one client is registered with, but for its secret.

    Example: lockhouse client show shop
    """
    found = inside(config, lambda home: lambda unit: Clients(keyring=home.keyring).find_registered(unit, client_id))
    if found is None:
        report(f"there is no client {client_id}; `lockhouse client list` shows those there are")
        raise typer.Exit(1)
    shown = _shown(found)
    if as_json:
        print_json(shown)
    else:
        rows = [{"key": key, "value": _text(value)} for key, value in shown.items()]
        print_table(["key", "value"], rows, empty="")


def _shown(found: Registered) -> dict[str, Any]:
    return {
        "id": found.settings.client_id,
        "status": "disabled" if found.disabled else "enabled",
        "kept_by": found.origin,
        "created_at": found.created_at.isoformat(timespec="seconds"),
        "mode": found.settings.delivery_mode,
        **values_of(found.settings),
        **found.settings.details,
    }


def _text(value: Any) -> str:
    match value:
        case list():
            return " ".join(map(str, value))
        case dict():
            return " ".join(f"{key}={part}" for key, part in value.items())
        case _:
            return str(value)


def _row(client: Client) -> dict[str, str]:
    return {
        "id": client.client_id,
        "name": client.name,
        "mode": client.delivery_mode,
        "scopes": " ".join(client.scopes),
        "status": "disabled" if client.disabled else "enabled",
    }
