"""``lockhouse client``: the programs that may send backchannel requests."""

import typer

from lockhouse.command_line.lazily import Part, group_of

__all__ = ["app"]


def _part(name: str, module: str, summary: str, attribute: str = "") -> Part:
    return Part(name=name, module=f"{__name__}.{module}", attribute=attribute or name, summary=summary)


PARTS = (
    _part("add", "adding", "Register a client."),
    _part("list", "showing", "Show every client.", "list_clients"),
    _part("show", "showing", "Show all that one client is registered with."),
    _part("change", "changing", "Change what a client is registered with; what is not named stays."),
    _part("disable", "removing", "Refuse a client from now on, with all that it was granted."),
    _part("remove", "removing", "Remove a client; its open requests are cancelled and its tokens revoked."),
    _part("token", "tokens", "Initial access tokens: who may register clients over HTTP.", "app"),
    _part("check", "files", "Check a file of clients; every mistake with its place."),
    _part("diff", "files", "Say what `apply` would do, and do nothing."),
    _part("apply", "files", "Make the clients that a file has what the file says."),
    _part("schema", "files", "Print the JSON Schema of files of clients, for editors."),
)

app = typer.Typer(no_args_is_help=True, cls=group_of(PARTS), help="Programs that may ask people for approval.")
