"""``lockhouse client add``."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from lockhouse.command_line.client.fields import checked, described, given_values, with_fields
from lockhouse.command_line.console import note, print_json, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.installation import Installation
from protocols.oauth2 import KEY_METHODS, Clients, NewClient, mint_secret, secret_weakness

__all__ = ["add"]

_DEFAULT = Path("lockhouse.toml")


@with_fields
def add(
    *,
    client_id: Annotated[str, typer.Option("--id", metavar="ID", help="What the client calls itself in requests.")],
    secret: Annotated[
        str | None, typer.Option(metavar="SECRET", help="Its secret; without this one is made and printed once.")
    ] = None,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
    **values: Any,
) -> None:
    """Register a client.

    Example: lockhouse client add --id shop --name "The shop" --mode poll
    """
    keyed = values.get("auth_method") in KEY_METHODS
    chosen = secret if secret is not None or keyed else mint_secret()
    client = described(given_values(values), NewClient(client_id=client_id, secret=chosen))

    def adding(home: Installation) -> Any:
        known = checked(client, home.configuration)
        return partial(Clients(keyring=home.keyring).add, client=known, now=home.clock.now())

    inside(config, adding)
    if secret is not None and (weakness := secret_weakness(secret)):
        note(f"warning: {weakness}")
    minted = {"secret": chosen} if secret is None and chosen is not None else {}
    if as_json:
        print_json({"id": client_id, **minted})
        return
    say(f"client {client_id} added")
    if minted:
        say(f"secret: {chosen}")
        note("The secret is kept as a keyed hash only: it cannot be shown again.")
