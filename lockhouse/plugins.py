"""Executors that other distributions bring: by entry point, and only those that the settings allow.

What is installed but not allowed is not imported: installing a package must not make a server run its code.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, cast

from engine import Contract, Executor
from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.flows import CONTRACTS

__all__ = ["GROUP", "Plugin", "contracts_with", "installed_plugins", "plugins_of"]

GROUP: Final = "lockhouse.executors"
_SETTING: Final = "plugins.executors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """An executor that a distribution brings, as it is loaded."""

    name: str
    distribution: str
    executor: Executor


def installed_plugins() -> dict[str, tuple[EntryPoint, ...]]:
    """Return the entry points of the group by their names, without importing any of them."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = (*found.get(point.name, ()), point)
    return dict(sorted(found.items()))


def plugins_of(configuration: Configuration | None) -> tuple[Plugin, ...]:
    """Load the executors that the settings allow; none without settings.

    SettingsInvalid with every one that is missing, that two distributions have, that cannot be loaded, or that is no
    executor of that name.
    """
    names = configuration.settings.plugins.executors if configuration else ()
    installed, own = installed_plugins(), {contract.name for contract in CONTRACTS}
    loaded: list[Plugin] = []
    problems: list[str] = []
    for name in names:
        try:
            loaded.append(_load(name, installed, own))
        except _Unusable as error:
            problems.append(f"{_SETTING}: {error}")
    if problems:
        raise SettingsInvalid(tuple(problems))
    return tuple(loaded)


def contracts_with(plugins: Sequence[Plugin]) -> tuple[Contract, ...]:
    """Return the contracts of the shipped executors and of *plugins*."""
    return (*CONTRACTS, *(each.executor.contract for each in plugins))


class _Unusable(Exception):
    """One plug-in cannot be used; the message says why and what to do."""


def _load(name: str, installed: dict[str, tuple[EntryPoint, ...]], own: set[str]) -> Plugin:
    points = installed.get(name, ())
    if name in own:
        raise _Unusable(f"'{name}' is an executor that comes with Lockhouse; take it out, or rename the plug-in")
    if not points:
        others = ", ".join(installed) or "none"
        raise _Unusable(
            f"expected an installed plug-in '{name}', found {others}; install the distribution that has it in "
            f"this environment, correct the name, or take it out"
        )
    if len(points) > 1:
        owners = " and ".join(sorted(map(_distribution, points)))
        raise _Unusable(f"two distributions have a plug-in '{name}': {owners}; uninstall one of them")
    point = points[0]
    return Plugin(name=name, distribution=_distribution(point), executor=_made(name, point))


def _made(name: str, point: EntryPoint) -> Executor:
    """Import the class that *point* names, and make one of it."""
    whose = f"the plug-in '{name}' of {_distribution(point)}"
    try:
        made: Callable[[], Any] = point.load()
        executor = made()
    except Exception as error:  # foreign code: whatever it raises, the operator has to know which plug-in it was
        told = f"{type(error).__name__}: {error}"
        raise _Unusable(
            f"{whose} ({point.value}) cannot be loaded: {told}; it has to be a class that is made without arguments: "
            "mend or upgrade it, or take it out"
        ) from error
    if why := _flaw(name, executor):
        raise _Unusable(f"{whose} ({point.value}) is no executor: {why}; mend or upgrade it, or take it out")
    return cast("Executor", executor)  # _flaw has looked at all that makes one


def _flaw(name: str, executor: Any) -> str | None:
    contract, run = getattr(executor, "contract", None), getattr(executor, "run", None)
    if not isinstance(contract, Contract):
        return "expected `contract = Contract.declare(…)`, found none"
    if contract.name != name:
        return f"expected a contract of the name '{name}', as the entry point says, found '{contract.name}'"
    if not callable(run):
        return "expected a method `run`, found none"
    is_external = contract.effect == "external"
    if inspect.iscoroutinefunction(run) is not is_external:
        wanted = "async def run(self, context, inputs)" if is_external else "def run(self, unit, context, inputs)"
        return f"its effect is {contract.effect}, which needs `{wanted}`"
    return None


def _distribution(point: EntryPoint) -> str:
    return "an unknown distribution" if point.dist is None else f"{point.dist.name} {point.dist.version}"
