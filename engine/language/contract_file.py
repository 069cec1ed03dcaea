"""``executors.yaml`` beside flows: contracts of executors that are written elsewhere, in Python or in nothing yet.

With it an author who has no Python checks and tries flows; whoever writes the executor holds to the same contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from engine.contracts import Contract, DeclarationInvalid, ValueType, frozen, parse_types
from engine.contracts.executor import Effect, contradictions
from engine.language.contract_difference import differences
from engine.language.diagnostics import Findings, Span
from engine.language.keys_beside import CONTRACT, CONTRACT_FILE
from engine.language.reading import UNKNOWN, Reading
from engine.language.yaml_reader import read_yaml
from engine.language.yaml_tree import YamlEntry, YamlNode, YamlScalar, plain_data

CONTRACTS_FILE: Final = "executors.yaml"
_EFFECTS: Final = ("transactional", "external")


def parse_contracts(source: str | bytes, known: Mapping[str, Contract], found: Findings) -> list[Contract]:
    """Return the contracts that *source* declares and that are not *known* yet; what is wrong is in *found*.

    One that is known may be declared again, as it is known.
    """
    root = read_yaml(source, found)
    reading = Reading(found)
    top = reading.construct(root, CONTRACT_FILE) if root is not None else None
    read = []
    for entry in reading.named(top.get("executors") if top else None, "contracts"):
        contract = _read_contract(reading, entry)
        installed = known.get(entry.key)
        if contract is not None and installed is not None:
            _note_differences(found, entry.key_span, contract, installed)
        elif contract is not None:
            read.append(contract)
    return read


def _note_differences(found: Findings, span: Span, declared: Contract, installed: Contract) -> None:
    # One that is installed may be declared too, for authors who lack its code: as it is, or not at all.
    if places := differences(declared, installed):
        message = f"the executor '{declared.name}' that is installed has another contract: {'; '.join(places)}"
        found.add("LH309", span, message, hint="declare it as it is installed, or delete this")


def _read_contract(reading: Reading, entry: YamlEntry) -> Contract | None:
    before = len(reading.findings.found)
    node = reading.construct(entry.value, CONTRACT)
    if node is None:
        return None
    types = _types(reading, node.get("types"))
    outcomes = {
        outcome.key: frozen(reading.declarations(outcome.value, types))
        for outcome in reading.named(node.get("outcomes"), "the fields of outcomes")
    }
    contract = Contract(
        name=entry.key,
        summary=reading.text(node.get("summary"), "a text") or "",
        effect=cast("Effect", reading.word(node.get("effect"), "'effect'", _EFFECTS) or "external"),  # one of _EFFECTS
        inputs=frozen(reading.declarations(node.get("inputs"), types)),
        outcomes=frozen(outcomes),
        establishes=frozen(
            {each.key: _words(reading, each.value) for each in reading.named(node.get("establishes"), "proofs")}
        ),
        requires=_words(reading, node.get("requires")),
        idempotent=_flag(reading, node.get("idempotent")),
        takes_key=_flag(reading, node.get("takes_key")),
        defers=_flag(reading, node.get("defers")),
        faults=_words(reading, node.get("faults")),
    )
    if len(reading.findings.found) == before:
        _note_contradictions(reading, entry.key_span, contract)
    return contract if len(reading.findings.found) == before else None


def _note_contradictions(reading: Reading, span: Span, contract: Contract) -> None:
    for message in contradictions(contract):
        reading.findings.add("LH209", span, f"the contract of '{contract.name}' contradicts itself: {message}")


def _types(reading: Reading, node: YamlNode | None) -> Mapping[str, ValueType]:
    known: Mapping[str, ValueType] = frozen({})
    for entry in reading.named(node, "types"):
        try:
            known = parse_types({entry.key: plain_data(entry.value)}, known)
        except DeclarationInvalid as error:
            known = frozen({**known, entry.key: UNKNOWN.type})  # so that nothing else follows from it
            reading.findings.add("LH209", entry.key_span, error.message, hint=error.hint)
    return known


def _words(reading: Reading, node: YamlNode | None) -> Mapping[str, str]:
    read = {entry.key: reading.text(entry.value, "a text") for entry in reading.named(node, "texts")}
    return frozen({name: text for name, text in read.items() if text is not None})


def _flag(reading: Reading, node: YamlNode | None) -> bool:
    match node:
        case None:
            return False
        case YamlScalar(value=bool() as flag):
            return flag
        case _:
            reading.findings.add("LH203", node.span, "expected true or false")
            return False
