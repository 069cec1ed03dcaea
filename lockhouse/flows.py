"""The flows that a server runs, and the contracts that they are checked against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import flow_definitions
from engine import Contract
from executors.assertion_post import AssertionPost
from executors.consent import Consent
from executors.contact_channels import ContactChannels
from executors.notification_dispatch import NotificationDispatch
from executors.password_auth import PasswordAuth

if TYPE_CHECKING:
    from lockhouse.configuration import Configuration

__all__ = ["CONTRACTS", "flows_folder"]

# Known without a server: what `lockhouse flow check` checks is what `lockhouse serve` runs.
CONTRACTS: tuple[Contract, ...] = (
    ContactChannels.contract,
    NotificationDispatch.contract,
    PasswordAuth.contract,
    Consent.contract,
    AssertionPost.contract,
)


def flows_folder(configuration: Configuration | None) -> Path:
    """Return the folder with the flows: the setting's, or the one that comes with us. Raise `SettingsInvalid`."""
    named = configuration.settings.flows.directory if configuration else ""
    if not configuration or not named:
        return flow_definitions.folder()
    folder = configuration.path(named)
    if not folder.is_dir():
        # Settings take a third of a second to import, and `lockhouse flow check` has none.
        from lockhouse.configuration import SettingsInvalid  # noqa: PLC0415 - see above

        raise SettingsInvalid((f"flows.directory: expected a folder with flow definitions, found none at {folder}",))
    return folder
