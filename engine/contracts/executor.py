"""What an executor declares about itself: the one declaration that compiler, reference pages and simulator read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from engine.contracts.declare import parse_fields, parse_types
from engine.contracts.errors import DeclarationInvalid
from engine.contracts.types import Declaration, frozen

Effect = Literal["transactional", "external"]
LABELS = ("authentication", "consent", "answer")
RESERVED_OUTCOMES = ("fault", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """An executor's signature, its promises and what its outcomes prove.

    ``establishes`` maps an outcome to the fields that it proves and the label of the proof; ``requires`` maps an
    input to the label that its value must have. Labels are ``authentication`` (a person proved to be that person),
    ``consent`` (a person agreed to it) and ``answer`` (a person entered it in a prompt; prompts themselves establish
    it). A proof is about the person who was given in the input that requires ``authentication``, or else in the input
    that has the name of an established field: ``subject`` in, ``subject`` out. Proofs that one task requires must be
    about one person.
    """

    name: str
    summary: str
    effect: Effect
    inputs: Mapping[str, Declaration] = field(default_factory=lambda: frozen({}))
    outcomes: Mapping[str, Mapping[str, Declaration]]
    establishes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: frozen({}))
    requires: Mapping[str, str] = field(default_factory=lambda: frozen({}))
    idempotent: bool = False
    takes_key: bool = False
    defers: bool = False
    faults: Mapping[str, str] = field(default_factory=lambda: frozen({}))

    @classmethod
    def declare(
        cls,
        *,
        name: str,
        summary: str,
        effect: Effect,
        outcomes: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        types: Mapping[str, Any] | None = None,
        establishes: Mapping[str, Mapping[str, str]] | None = None,
        requires: Mapping[str, str] | None = None,
        idempotent: bool = False,
        takes_key: bool = False,
        defers: bool = False,
        faults: Mapping[str, str] | None = None,
    ) -> Contract:
        """Return the contract, with types written as in flows; DeclarationInvalid where it contradicts itself.

        >>> greet = Contract.declare(name="greet", summary="Says hello.", effect="transactional",
        ...                          inputs={"who": "id"}, outcomes={"greeted": {"text": "string"}})
        >>> greet.outcomes["greeted"]["text"].type
        Scalar(name='string')
        """
        known = parse_types(types or {})
        contract = cls(
            name=name,
            summary=summary,
            effect=effect,
            inputs=parse_fields(inputs or {}, known),
            outcomes=frozen({outcome: parse_fields(fields, known) for outcome, fields in outcomes.items()}),
            establishes=frozen({outcome: frozen(fields) for outcome, fields in (establishes or {}).items()}),
            requires=frozen(requires or {}),
            idempotent=idempotent,
            takes_key=takes_key,
            defers=defers,
            faults=frozen(faults or {}),
        )
        if problems := contradictions(contract):
            raise DeclarationInvalid(f"contract '{name}': {'; '.join(problems)}")
        return contract

    @property
    def repeatable(self) -> bool:
        """Return whether a flow may retry it."""
        return self.idempotent or self.takes_key or self.effect == "transactional"

    @property
    def takes_secrets(self) -> bool:
        """Return whether one of its inputs is a password or a code."""
        return any(declaration.held for declaration in self.inputs.values())

    def to_json(self) -> dict[str, Any]:
        """Return the contract as JSON, from which ``Contract.from_json`` makes an equal one."""
        return {
            "name": self.name,
            "summary": self.summary,
            "effect": self.effect,
            "inputs": {key: declaration.to_json() for key, declaration in self.inputs.items()},
            "outcomes": {
                outcome: {key: declaration.to_json() for key, declaration in fields.items()}
                for outcome, fields in self.outcomes.items()
            },
            "establishes": {outcome: dict(fields) for outcome, fields in self.establishes.items()},
            "requires": dict(self.requires),
            "idempotent": self.idempotent,
            "takes_key": self.takes_key,
            "defers": self.defers,
            "faults": dict(self.faults),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Contract:
        """Return what ``to_json`` wrote."""
        read = {**raw}
        read["inputs"] = _declarations(raw["inputs"])
        read["outcomes"] = frozen({outcome: _declarations(fields) for outcome, fields in raw["outcomes"].items()})
        read["establishes"] = frozen({outcome: frozen(fields) for outcome, fields in raw["establishes"].items()})
        read["requires"], read["faults"] = frozen(raw["requires"]), frozen(raw["faults"])
        return cls(**read)

    @property
    def digest(self) -> str:
        """Return a hash of everything that a flow can depend on: all but the prose."""
        meant = {key: part for key, part in self.to_json().items() if key not in {"summary", "faults"}}
        return sha256(json.dumps(meant, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _declarations(raw: Mapping[str, Any]) -> Mapping[str, Declaration]:
    return frozen({key: Declaration.from_json(part) for key, part in raw.items()})


def contradictions(contract: Contract) -> Sequence[str]:
    """Return what *contract* says that cannot be, or nothing."""
    found = [f"outcome name '{name}' is the engine's own" for name in RESERVED_OUTCOMES if name in contract.outcomes]
    if not contract.outcomes:
        found.append("it declares no outcome, so no flow could go on after it")
    for outcome, proofs in contract.establishes.items():
        if outcome not in contract.outcomes:
            found.append(f"it establishes something by '{outcome}', which is not one of its outcomes")
            continue
        found += [
            f"outcome '{outcome}' has no field '{part}'" for part in proofs if part not in contract.outcomes[outcome]
        ]
    found += [
        f"it requires a proof for '{name}', which is not one of its inputs"
        for name in contract.requires
        if name not in contract.inputs
    ]
    labels = {
        *contract.requires.values(),
        *(label for proofs in contract.establishes.values() for label in proofs.values()),
    }
    found += [f"unknown label '{label}': labels are {', '.join(LABELS)}" for label in sorted(labels - set(LABELS))]
    return found
