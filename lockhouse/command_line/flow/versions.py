"""``lockhouse flow versions``: which versions of flows are stored, and which of them new executions run on."""

from typing import Annotated

import typer

from lockhouse.command_line.beside import Beside, beside_servers
from lockhouse.command_line.console import print_json, print_table
from lockhouse.command_line.flow.moving import DEFAULT
from lockhouse.command_line.options import ConfigOption, JsonOption

__all__ = ["versions"]

_COLUMNS = ["flow", "version", "digest", "stored", "live", "open"]


def versions(
    name: Annotated[str | None, typer.Argument(metavar="[FLOW]", help="Only those of this flow.")] = None,
    *,
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List the versions of flows that are stored, oldest first, and how many executions stand in each.

    Example: lockhouse flow versions login_approval
    """

    async def act(there: Beside) -> list[dict[str, str | int | bool]]:
        return [
            {
                "flow": each.flow,
                "version": each.version,
                "digest": each.digest,
                "stored": each.stored_at.isoformat(timespec="seconds"),
                "live": each.live,
                "open": each.open,
            }
            for each in await there.engine.versions.all()
            if name in {None, each.flow}
        ]

    found = beside_servers(config, act)
    if as_json:
        print_json(found)
        return
    rows = [
        {**{key: str(value) for key, value in row.items()}, "digest": str(row["digest"])[:12]}
        | {"live": "live" if row["live"] else ""}
        for row in found
    ]
    print_table(_COLUMNS, rows, empty="no version is stored; a server stores those of its folder when it starts")
