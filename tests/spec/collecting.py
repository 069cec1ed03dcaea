"""Find the tests that say which requirement, peer case or attack they are for."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from tests.spec.requirements import PEER_CASE, REQUIREMENT, Mutation, PeerCase, Requirement
from tests.spec.suite import SUITE_MODULES, SuiteModule


@dataclass(frozen=True, slots=True)
class Proof:
    """A test and what it is for. ``section`` is what its module says of itself."""

    requirement: Requirement
    module: str
    test: str
    section: str

    @property
    def node(self) -> str:
        """Return how pytest calls the test."""
        return f"{self.module.replace('.', '/')}.py::{self.test}"


@dataclass(frozen=True, slots=True)
class SuiteProof:
    """A test and the suite's module that it plays; ``test`` says which of its cases, where it has several."""

    suite_module: SuiteModule
    module: str
    test: str

    @property
    def node(self) -> str:
        """Return how pytest calls the test."""
        return f"{self.module.replace('.', '/')}.py::{self.test}"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change, and the test that must notice it."""

    proof: Proof | SuiteProof
    mutation: Mutation


def proofs() -> tuple[Proof, ...]:
    """Return every test of a requirement, by number."""
    found = [
        Proof(getattr(test, REQUIREMENT), module.__name__, name, section_of(module))
        for module, name, test in marked("tests.spec", REQUIREMENT)
    ]
    return tuple(sorted(found, key=lambda proof: proof.requirement.number))


def peer_cases() -> tuple[tuple[str, PeerCase], ...]:
    """Return every test of a peer case with its name, by number."""
    found = [(name, getattr(test, PEER_CASE)) for _, name, test in marked("tests.spec", PEER_CASE)]
    return tuple(sorted(found, key=lambda case: case[1].number))


def suite_proofs() -> tuple[SuiteProof, ...]:
    """Return every test of a module of the conformance suite, by file."""
    found = []
    for module, name, test in marked("tests.spec", SUITE_MODULES):
        played: tuple[SuiteModule, ...] = getattr(test, SUITE_MODULES)
        shared = len(played) > 1
        found += [SuiteProof(one, module.__name__, f"{name}[{one.name}]" if shared else name) for one in played]
    return tuple(found)


def mutants() -> tuple[Mutant, ...]:
    """Return every change with the test that must notice it."""
    required = [Mutant(proof, mutation) for proof in proofs() for mutation in proof.requirement.mutations]
    played = [Mutant(proof, mutation) for proof in suite_proofs() for mutation in proof.suite_module.mutations]
    return (*required, *played)


def marked(package: str, mark: str) -> Iterator[tuple[ModuleType, str, Any]]:
    """Yield the module, name and function of each test in *package* that carries *mark*."""
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        if not found.name.rpartition(".")[2].startswith("test_"):
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if name.startswith("test_") and hasattr(value, mark) and value.__module__ == found.name:
                yield module, name, value


def section_of(module: ModuleType) -> str:
    """Return the first line of what *module* says of itself."""
    return (module.__doc__ or "").strip().splitlines()[0]
