"""``lockhouse operator token``: who may call the operator's API."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from engine.http import OPERATOR_SCOPES
from lockhouse.command_line.console import note, print_json, print_table, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.operator_tokens import OperatorTokens, TokenRefused, mint_token

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Programs that may operate this server over HTTP.")
tokens = typer.Typer(no_args_is_help=True, help="Tokens for the operator's API.")
app.add_typer(tokens, name="token")

_DEFAULT = Path("lockhouse.toml")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the token is called here.")]


@tokens.command()
def add(
    name: NameArgument,
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help=f"What it allows: {', '.join(OPERATOR_SCOPES)}; repeat for several."),
    ] = None,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it once.

    Example: lockhouse operator token add dashboard --scope executions:read --scope messages:read
    """
    token = mint_token()
    try:
        inside(
            config,
            lambda home: partial(
                OperatorTokens().add, name=name, token=token, scopes=tuple(scope or ()), now=home.clock.now()
            ),
        )
    except TokenRefused as error:
        report(str(error))
        raise typer.Exit(1) from None
    if as_json:
        print_json({"name": name, "token": token, "scopes": sorted(set(scope or ()))})
        return
    say(f"token {name} added")
    say(f"token: {token}")
    note("It is shown this once. Send it in a header: Authorization: Bearer TOKEN")


@tokens.command("list")
def list_tokens(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show the tokens by name, and what they allow."""
    found = inside(config, lambda _home: OperatorTokens().all)
    rows = [
        {"name": each.name, "scopes": " ".join(each.scopes), "created": each.created_at.isoformat(timespec="seconds")}
        for each in found
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(["name", "scopes", "created"], rows, empty="no operator has a token")


@tokens.command()
def remove(name: NameArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Make a token worthless, at once and for every running server."""
    if not inside(config, lambda _home: partial(OperatorTokens().remove, name=name)):
        report(f"there is no token {name}; `lockhouse operator token list` shows those there are")
        raise typer.Exit(1)
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        say(f"token {name} removed")
