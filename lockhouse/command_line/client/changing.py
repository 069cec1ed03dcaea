"""``lockhouse client change``."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.storage import Unit
from lockhouse.client_fields import FIELDS, LIMITS
from lockhouse.command_line.client.fields import checked, described, given_values, with_fields
from lockhouse.command_line.console import note, print_json, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.installation import Installation
from protocols.oauth2 import OPERATOR, ClientInvalid, Clients, Registered, mint_secret, secret_weakness

__all__ = ["change"]

_DEFAULT = Path("lockhouse.toml")


@with_fields
def change(
    *,
    client_id: Annotated[str, typer.Argument(metavar="ID", help="The client to change.")],
    secret: Annotated[str | None, typer.Option(metavar="SECRET", help="Its new secret.")] = None,
    new_secret: Annotated[bool, typer.Option("--new-secret", help="Make a new secret and print it once.")] = False,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="What is to be as if never said: max_expiry, jwks, …")
    ] = None,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
    **values: Any,
) -> None:
    """Change what a client is registered with; what is not named stays as it is.

    Its open requests and its tokens stay as well: `remove` is what takes them back.

    Example: lockhouse client change shop --name "The new shop" --unset max_expiry
    """
    chosen = mint_secret() if new_secret and secret is None else secret
    changes = {**given_values(values), **dict.fromkeys(_known(unset or []))}
    before = inside(config, lambda home: partial(_changing, home=home, of=client_id, to=changes, secret=chosen))
    if before is None:
        report(f"there is no client {client_id}; `lockhouse client list` shows those there are")
        raise typer.Exit(1)
    if before.origin != OPERATOR:
        note(f"warning: this client is kept by {before.origin}, which may change it back")
    if secret is not None and (weakness := secret_weakness(secret)):
        note(f"warning: {weakness}")
    minted = {"secret": chosen} if secret is None and chosen is not None else {}
    if as_json:
        print_json({"id": client_id, "changed": True, **minted})
        return
    say(f"client {client_id} changed")
    if minted:
        say(f"secret: {chosen}")


def _changing(unit: Unit, *, home: Installation, of: str, to: dict[str, Any], secret: str | None) -> Registered | None:
    clients: Clients = Clients(keyring=home.keyring)
    before = clients.find_registered(unit, of, lock=True)
    if before is None:
        return None
    client = described(to, replace(before.settings, secret=secret))
    if secret is None and clients.needs_secret(unit, client):
        raise ClientInvalid("secret", "a new one for this way to prove itself: add --new-secret")
    clients.replace(unit, checked(client, home.configuration, secret_kept=secret is None))
    return before


def _known(keys: list[str]) -> list[str]:
    known = [field.key for field in (*FIELDS, *LIMITS)]
    plain = [key.replace("-", "_") for key in keys]
    if unknown := [key for key in plain if key not in known]:
        raise ClientInvalid("--unset", f"one of {', '.join(known)}, found {', '.join(unknown)}")
    return plain
