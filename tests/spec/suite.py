"""What a test says that does what a module of the OpenID Foundation's conformance suite does, as far as it can here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from tests.spec.requirements import Mutation

T = TypeVar("T", bound=Callable[..., object])

SUITE_MODULES = "suite_modules"
_PREFIXES = ("fapi-ciba-id1-", "oidcc-")


@dataclass(frozen=True, slots=True)
class SuiteModule:
    """A module by the suite's own name, what it looks at in our words, and the changes that must turn its test red.

    ``changes`` is what it does otherwise than a good request, where modules share a test.
    """

    name: str
    says: str
    mutations: tuple[Mutation, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def test(self) -> str:
        """What its test is called where it has one of its own.

        >>> SuiteModule("oidcc-userinfo-get", "", ()).test
        'test_userinfo_get'
        """
        short = self.name
        for prefix in _PREFIXES:
            short = short.removeprefix(prefix)
        return f"test_{short.replace('-', '_').lower()}"


def suite_module(name: str, says: str, *mutations: Mutation) -> Callable[[T], T]:
    """Mark a test as the one of the module *name*."""
    return _marking(SuiteModule(name, says, mutations))


def suite_modules(*modules: SuiteModule) -> Callable[[T], T]:
    """Run a test once for each of *modules*: its argument `module`."""

    def mark(test: T) -> T:
        cases = [pytest.param(module, id=module.name) for module in modules]
        each: T = pytest.mark.parametrize("module", cases)(test)
        return _marking(*modules)(each)

    return mark


def _marking(*modules: SuiteModule) -> Callable[[T], T]:
    def mark(test: T) -> T:
        setattr(test, SUITE_MODULES, modules)
        return test

    return mark
