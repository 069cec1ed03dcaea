"""``lockhouse client``: the programs that may send backchannel requests."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from engine.storage import Unit
from lockhouse.command_line.console import note, print_json, print_table, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.installation import Installation
from protocols.oauth2 import (
    CIBA_GRANT,
    OFFLINE,
    REFRESH_GRANT,
    STANDARD_SCOPES,
    Client,
    ClientInvalid,
    ClientLimits,
    Clients,
    NewClient,
    mint_secret,
    secret_weakness,
)
from protocols.oauth2_ciba import remove_client

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Programs that may ask people for approval.")

_DEFAULT = Path("lockhouse.toml")
_STANDARD_SCOPES = ["openid", "profile", "email", "phone"]


@app.command()
def add(
    *,
    client_id: Annotated[str, typer.Option("--id", metavar="ID", help="What the client calls itself in requests.")],
    secret: Annotated[
        str | None, typer.Option(metavar="SECRET", help="Its secret; without this one is made and printed once.")
    ] = None,
    mode: Annotated[str, typer.Option(metavar="MODE", help="How it learns the outcome: poll.")] = "poll",
    name: Annotated[str, typer.Option(metavar="NAME", help="What people read; the ID if left out.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(metavar="SCOPE", help="A scope it may ask for; repeat for several.")
    ] = None,
    interval: Annotated[int | None, typer.Option(min=1, max=60, help="Seconds between its polls.")] = None,
    max_expiry: Annotated[int | None, typer.Option(min=1, help="Longest life of its requests, in seconds.")] = None,
    auth_method: Annotated[
        str | None,
        typer.Option(metavar="METHOD", help="How it proves itself; by its secret, anyhow, if left out."),
    ] = None,
    jwks: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its public keys (a JWKS), for private_key_jwt.")
    ] = None,
    jwks_uri: Annotated[str | None, typer.Option(metavar="URL", help="Where it publishes its keys instead.")] = None,
    auth_alg: Annotated[
        str | None, typer.Option(metavar="ALG", help="What it signs with, for private_key_jwt and client_secret_jwt.")
    ] = None,
    resource: Annotated[
        str | None, typer.Option(metavar="URL", help="The API that it is: it may introspect tokens meant for it.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="It may ask for offline_access, and then gets refresh tokens.")
    ] = False,
    rotate_refresh: Annotated[
        bool, typer.Option("--rotate-refresh", help="Each of its refresh tokens is replaced when it is used.")
    ] = False,
    id_token_alg: Annotated[
        str | None, typer.Option(metavar="ALG", help="What its ID tokens are signed with; ours if left out.")
    ] = None,
    pair_pending: Annotated[int | None, typer.Option(min=1, help="Its open requests for one person.")] = None,
    pair_minute: Annotated[int | None, typer.Option(min=1, help="Its requests a minute for one person.")] = None,
    person_pending: Annotated[int | None, typer.Option(min=1, help="Open requests that one person may have.")] = None,
    person_minute: Annotated[int | None, typer.Option(min=1, help="Requests a minute for one person.")] = None,
    client_pending: Annotated[int | None, typer.Option(min=1, help="Its open requests altogether.")] = None,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Register a client.

    Example: lockhouse client add --id shop --name "The shop" --mode poll
    """
    keyed = auth_method == "private_key_jwt"
    chosen = secret if secret is not None or keyed else mint_secret()
    limits = ClientLimits(
        pair_pending=pair_pending,
        pair_minute=pair_minute,
        person_pending=person_pending,
        person_minute=person_minute,
        client_pending=client_pending,
    )
    client = NewClient(
        client_id=client_id,
        secret=chosen,
        name=name,
        delivery_mode=mode,
        scopes=(*(scope or _STANDARD_SCOPES), *((OFFLINE,) if refresh else ())),
        grant_types=(CIBA_GRANT, REFRESH_GRANT) if refresh else (CIBA_GRANT,),
        rotates_refresh=rotate_refresh,
        interval=_seconds(interval),
        max_expiry=_seconds(max_expiry),
        auth_method=auth_method,
        auth_alg=auth_alg,
        jwks=None if jwks is None else _text_of(jwks),
        jwks_uri=jwks_uri,
        resource=resource,
        id_token_alg=id_token_alg,
        limits=limits,
    )
    inside(config, lambda home: _adding(home, client))
    if secret is not None and (weakness := secret_weakness(secret)):
        note(f"warning: {weakness}")
    _tell(client_id, chosen if secret is None else None, as_json=as_json)


@app.command("list")
def list_clients(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show every client."""
    clients = inside(config, lambda home: Clients(keyring=home.keyring).all)
    rows = [_row(client) for client in clients]
    if as_json:
        print_json([{**row, "scopes": row["scopes"].split()} for row in rows])
    else:
        print_table(["id", "name", "mode", "scopes", "status"], rows, empty="no client yet; see `lockhouse client add`")


@app.command()
def remove(
    client_id: Annotated[str, typer.Argument(metavar="ID", help="The client to remove.")],
    *,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Remove a client; its open requests are cancelled and its tokens revoked."""
    removed = inside(config, lambda home: _removing(home, client_id))
    if not removed:
        report(f"there is no client {client_id}; `lockhouse client list` shows those there are")
        raise typer.Exit(1)
    if as_json:
        print_json({"id": client_id, "removed": True})
    else:
        say(f"client {client_id} removed")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientInvalid("jwks", f"a file with a key set, found {file}, which cannot be read") from error


def _adding(home: Installation, client: NewClient) -> Callable[[Unit], None]:
    known = {*STANDARD_SCOPES, *home.configuration.settings.scopes}
    if unknown := sorted(set(client.scopes) - known):
        expected = f"scopes that the settings know ({', '.join(sorted(known))}), found {', '.join(unknown)}"
        raise ClientInvalid("scopes", f"{expected}; add [scopes.{unknown[0]}] to the settings first")
    ours = home.configuration.settings.keys.algorithms
    if client.id_token_alg is not None and client.id_token_alg not in ours:
        expected = f"one of {', '.join(ours)}, found {client.id_token_alg}"
        raise ClientInvalid("id_token_alg", f"{expected}; add it to keys.algorithms in the settings first")
    return partial(Clients(keyring=home.keyring).add, client=client, now=home.clock.now())


def _removing(home: Installation, client_id: str) -> Callable[[Unit], bool]:
    kept = timedelta(days=home.configuration.settings.ciba.keep_days)
    clients = Clients(keyring=home.keyring)
    return partial(remove_client, client_id=client_id, clients=clients, now=home.clock.now(), keep_final=kept)


def _tell(client_id: str, minted: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": client_id} | ({"secret": minted} if minted else {}))
        return
    say(f"client {client_id} added")
    if minted:
        say(f"secret: {minted}")
        note("The secret is kept as a keyed hash only: it cannot be shown again.")


def _row(client: Client) -> dict[str, str]:
    return {
        "id": client.client_id,
        "name": client.name,
        "mode": client.delivery_mode,
        "scopes": " ".join(client.scopes),
        "status": "disabled" if client.disabled else "enabled",
    }


def _seconds(count: int | None) -> timedelta | None:
    return None if count is None else timedelta(seconds=count)
