"""``lockhouse flow rollback``: have new executions run on an older version again."""

from typing import Annotated

import typer

from lockhouse.command_line.beside import Beside, beside_servers
from lockhouse.command_line.console import report
from lockhouse.command_line.flow.moving import DEFAULT, Existing, ExistingOption, tell_moved
from lockhouse.command_line.options import ConfigOption, JsonOption

__all__ = ["rollback"]


def rollback(
    name: Annotated[str, typer.Argument(metavar="FLOW", help="The flow.")],
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Its number, or the beginning of its digest; left out: the one before."),
    ] = None,
    existing: ExistingOption = Existing.FINISH,
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Have new executions run on an older version again, in every running server and from now on.

    Example: lockhouse flow rollback login_approval --to 1.0.0
    """

    async def act(there: Beside) -> None:
        digest = None if to is None else await _digest(there, name, to)
        tell_moved(await there.engine.versions.roll_back(name, to=digest, existing=existing.value), as_json=as_json)

    beside_servers(config, act)


async def _digest(there: Beside, name: str, to: str) -> str:
    """Return the digest that *to* means; ends the command where it means none, or several."""
    own = [each for each in await there.engine.versions.all() if each.flow == name]
    meant = {each.digest for each in own if each.version == to or each.digest.startswith(to)}
    if len(meant) != 1:
        found = "several: name the beginning of its digest" if meant else "none"
        report(f"--to: expected a version of {name}, found {found}; `lockhouse flow versions {name}` shows them")
        raise typer.Exit(1)
    return meant.pop()
