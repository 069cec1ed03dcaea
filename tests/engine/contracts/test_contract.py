"""Contracts say what an executor takes, answers, proves and promises."""

import json
from typing import Any

import pytest

from engine.contracts import Contract, DeclarationInvalid


def greet(**changes: Any) -> Contract:
    """Return a small contract."""
    given: dict[str, Any] = {
        "name": "greet",
        "summary": "Says hello.",
        "effect": "external",
        "types": {"person": {"name": "id"}},
        "inputs": {"who": "person", "pin": {"type": "code", "optional": True}},
        "outcomes": {"greeted": {"subject": "id"}, "silent": {}},
        "establishes": {"greeted": {"subject": "authentication"}},
        "requires": {"who": "consent"},
        "faults": {"mute": "nobody can speak"},
    }
    return Contract.declare(**{**given, **changes})


def test_a_contract_comes_back_from_json_as_it_was() -> None:
    contract = greet()
    again = Contract.from_json(json.loads(json.dumps(contract.to_json())))
    assert again == contract
    assert again.digest == contract.digest


def test_prose_does_not_change_what_a_contract_means() -> None:
    assert greet(summary="Other words.").digest == greet().digest
    assert greet(takes_key=True).digest != greet().digest
    assert greet(outcomes={"greeted": {"subject": "string"}, "silent": {}}).digest != greet().digest


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outcomes": {}, "establishes": {}}, "no outcome"),
        ({"outcomes": {"fault": {}}, "establishes": {}}, "'fault'"),
        ({"establishes": {"gone": {"subject": "consent"}}}, "'gone'"),
        ({"establishes": {"greeted": {"other": "consent"}}}, "'other'"),
        ({"establishes": {"greeted": {"subject": "honesty"}}}, "'honesty'"),
        ({"requires": {"whom": "consent"}}, "'whom'"),
        ({"inputs": {"who": "persn"}}, "persn"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeclarationInvalid, match=reason):
        greet(**changes)


def test_what_may_be_repeated() -> None:
    assert not greet().repeatable
    assert greet(idempotent=True).repeatable
    assert greet(takes_key=True).repeatable
    assert greet(effect="transactional").repeatable


def test_it_tells_whether_it_takes_secrets() -> None:
    assert greet().takes_secrets
    assert not greet(inputs={"who": "person"}).takes_secrets
