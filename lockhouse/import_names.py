"""Guards our import names: other distributions have packages called `engine` or `executors`, too.

Installed beside us, such a package takes our place or overwrites our files; what breaks then names neither.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Final

from lockhouse.installed_files import damaged_files

__all__ = ["OURS", "NamesTaken", "check_names", "folder_of", "name_problems", "taken_names"]

OURS: Final = ("engine", "executors", "flow_definitions", "lockhouse", "protocols")
_DISTRIBUTION: Final = "lockhouse"

Locate = Callable[[str], Path | None]


class NamesTaken(Exception):
    """Some of our packages are not ours. The message names whose they are."""

    code: ClassVar[str] = "names_taken"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        remedy = "install lockhouse into an environment of its own, as pipx and uvx do"
        super().__init__("\n".join((*problems, remedy)))


def check_names() -> None:
    """Raise `NamesTaken` unless every package of ours is ours, as it was installed."""
    if problems := name_problems():
        raise NamesTaken(problems)


def name_problems() -> tuple[str, ...]:
    """Return what is wrong with our packages here. Importing them need not work for it."""
    return (*taken_names(owners=owners_of_packages(), locate=folder_of), *damaged_files(OURS))


def taken_names(*, owners: Mapping[str, Sequence[str]], locate: Locate) -> tuple[str, ...]:
    """Return what is wrong with our names, where *owners* are distributions by package, and *locate* finds packages.

    >>> taken_names(owners={"executors": ["lockhouse", "executors"]}, locate=lambda name: Path("/site") / name)
    ('the package executors belongs to executors, too',)
    """
    home = locate("lockhouse")
    problems = []
    for name in OURS:
        others = sorted(set(owners.get(name, ())) - {_DISTRIBUTION})
        place = locate(name)
        if others:
            problems.append(f"the package {name} belongs to {', '.join(others)}, too")
        elif place is None or home is None or place.parent != home.parent:
            problems.append(f"the package {name} is expected beside ours in {home and home.parent}, found in {place}")
    return tuple(problems)


@cache
def owners_of_packages() -> Mapping[str, Sequence[str]]:
    """Return the distributions that each installed package belongs to: what is installed stays so while we run."""
    return packages_distributions()


def folder_of(name: str) -> Path | None:
    """Return the folder that ``import NAME`` leads to."""
    spec = find_spec(name)
    return Path(spec.origin).resolve().parent if spec is not None and spec.origin else None
