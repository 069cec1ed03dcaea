"""Checks of what runs: our packages, plug-ins, and the flows with their texts and templates."""

from collections.abc import Iterator

from engine import Contract
from engine.language import check_folder
from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.doctor.finding import Finding, fail, ok, warn
from lockhouse.flows import CONTRACTS, flows_folder
from lockhouse.import_names import OURS, folder_of, owners_of_packages, taken_names
from lockhouse.messages import message_flaws
from lockhouse.plugins import contracts_with, installed_plugins, plugins_of
from protocols.oauth2_code.authorize import FLOW as CODE_FLOW
from protocols.oauth2_device.initiation import FLOW as DEVICE_FLOW

__all__ = ["check_flows", "check_import_names", "check_plugins"]

_FLOWS, _NAMES, _PLUGINS = "flows", "import names", "plug-ins"
# A folder that was copied from an older version lacks the newer ones.
_NEEDED = frozenset({CODE_FLOW, DEVICE_FLOW})


def check_import_names() -> Iterator[Finding]:
    """See that our packages are ours."""
    problems = taken_names(owners=owners_of_packages(), locate=folder_of)
    for problem in problems:
        yield fail(_NAMES, problem, "install lockhouse into an environment of its own, as pipx and uvx do")
    if not problems:
        yield ok(_NAMES, f"{', '.join(OURS)} are ours")


def check_plugins(configuration: Configuration) -> Iterator[Finding]:
    """Load the plug-ins that the settings allow, and name those that they do not."""
    allowed = configuration.settings.plugins.executors
    try:
        for plugin in plugins_of(configuration):
            yield ok(_PLUGINS, f"executor {plugin.name} of {plugin.distribution}")
    except SettingsInvalid as error:
        for problem in error.problems:
            yield fail(_PLUGINS, problem, "until then the server does not start")
    if others := sorted(installed_plugins().keys() - set(allowed)):
        yield ok(_PLUGINS, f"installed, not allowed by plugins.executors, and so not imported: {', '.join(others)}")


def check_flows(configuration: Configuration) -> Iterator[Finding]:
    """Check flows and templates as a start does."""
    try:
        folder, contracts = flows_folder(configuration), _contracts(configuration)
    except SettingsInvalid as error:
        yield fail(_FLOWS, str(error), "correct flows.directory, or leave it out")
        return
    found, _ = check_folder([folder], contracts=contracts)
    errors = [each for each in found.diagnostics if each.severity == "error"]
    flaws = message_flaws(folder)
    details = f"`lockhouse flow check {folder}` shows each with its line"
    for each in errors:
        yield fail(_FLOWS, f"{each.file}:{each.line}: {each.message}", details)
    for flaw in flaws:
        yield fail(_FLOWS, str(flaw), details)
    if not errors and not flaws:
        yield ok(_FLOWS, f"{len(found.flows)} flows in {folder}, their texts and templates, have no mistake")
    missing = sorted(_NEEDED - {flow.name for flow in found.flows})
    if missing and not errors:
        says = f"{folder} has no flow {' or '.join(missing)}: people who are to go through it meet an error"
        yield warn(_FLOWS, says, "copy it, and its texts, from the flows that come with this version")


def _contracts(configuration: Configuration) -> tuple[Contract, ...]:
    """Return what flows are checked against; where a plug-in cannot be loaded, which is said above, without any."""
    try:
        return contracts_with(plugins_of(configuration))
    except SettingsInvalid:
        return CONTRACTS
