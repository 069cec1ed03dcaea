"""``lockhouse client token``: who may register clients over HTTP."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from lockhouse.command_line.console import note, print_json, print_table, report, say
from lockhouse.command_line.options import ConfigOption, JsonOption, inside
from lockhouse.installation import Installation
from protocols.oauth2 import STANDARD_SCOPES, ClientInvalid, InitialToken, InitialTokens, mint_initial_token

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Initial access tokens: who may register clients over HTTP.")

_DEFAULT = Path("lockhouse.toml")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the token is called here.")]


@app.command()
def add(
    name: NameArgument,
    *,
    uses: Annotated[int, typer.Option(min=1, help="How many clients may be registered with it.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 7,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="A scope that those clients may have; the standard ones if left out."),
    ] = None,
    config: ConfigOption = _DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it once; whoever has it may register clients at /oauth2/register.

    Example: lockhouse client token add partners --uses 5 --scope openid --scope payment
    """
    token, scopes = mint_initial_token(), tuple(scope or STANDARD_SCOPES)

    def adding(home: Installation) -> Any:
        known = {*STANDARD_SCOPES, *home.configuration.settings.scopes}
        if unknown := sorted(set(scopes) - known):
            says = f"scopes that the settings know ({', '.join(sorted(known))}), found {', '.join(unknown)}"
            raise ClientInvalid("scope", says)
        if home.configuration.settings.registration.mode != "token":
            note('warning: set registration.mode = "token" in the settings, or nobody can use it')
        return partial(
            InitialTokens().add,
            name=name,
            token=token,
            scopes=scopes,
            now=home.clock.now(),
            uses=uses,
            life=timedelta(days=days),
        )

    inside(config, adding)
    if as_json:
        print_json({"name": name, "token": token, "uses": uses, "scopes": sorted(set(scopes))})
        return
    say(f"token {name} added")
    say(f"token: {token}")
    note("It is shown this once. Who registers a client sends it in a header: Authorization: Bearer TOKEN")


@app.command("list")
def list_tokens(*, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Show the tokens by name, what they allow, and how often and how long they still do."""
    rows = [_row(each) for each in inside(config, lambda _home: InitialTokens().all)]
    if as_json:
        print_json(rows)
    else:
        print_table(["name", "scopes", "uses_left", "expires"], rows, empty="nobody may register clients over HTTP")


@app.command()
def remove(name: NameArgument, *, config: ConfigOption = _DEFAULT, as_json: JsonOption = False) -> None:
    """Make a token worthless, at once and for every running server. Clients registered with it stay."""
    if not inside(config, lambda _home: partial(InitialTokens().remove, name=name)):
        report(f"there is no token {name}; `lockhouse client token list` shows those there are")
        raise typer.Exit(1)
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        say(f"token {name} removed")


def _row(token: InitialToken) -> dict[str, str]:
    return {
        "name": token.name,
        "scopes": " ".join(token.scopes),
        "uses_left": "any" if token.uses_left is None else str(token.uses_left),
        "expires": "never" if token.expires_at is None else token.expires_at.isoformat(timespec="seconds"),
    }
