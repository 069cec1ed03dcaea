"""What flows are checked against: the executors that there are, those of allowed plug-ins among them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from engine import Contract
from lockhouse.flows import CONTRACTS, flows_folder

__all__ = ["Installed", "SettingsOption", "installed"]

SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="LOCKHOUSE_CONFIG",
        metavar="FILE",
        help="Settings of a server: its plug-ins are known too, and its flows are meant where none are named.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The contracts of the executors, and the folder of flows that is meant where none is named."""

    contracts: tuple[Contract, ...]
    folder: Path


def installed(settings: Path | None) -> Installed:
    """Return what the server of *settings* has; without settings, what comes with Lockhouse.

    SettingsInvalid where the settings, or a plug-in that they allow, cannot be used.
    """
    if settings is None:
        return Installed(contracts=CONTRACTS, folder=flows_folder(None))
    # Settings take a third of a second to import, and most checks of flows have none.
    from lockhouse.configuration import load_configuration  # noqa: PLC0415 - see above
    from lockhouse.plugins import contracts_with, plugins_of  # noqa: PLC0415 - the same

    configuration = load_configuration(settings)
    return Installed(contracts=contracts_with(plugins_of(configuration)), folder=flows_folder(configuration))
