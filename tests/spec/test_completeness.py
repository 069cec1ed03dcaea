"""Every number has its place, and every change that must break a test can be made."""

import ast
from collections import Counter

import pytest

from tests.spec.collecting import Mutant, mutants, peer_cases, proofs, suite_proofs
from tests.spec.requirements import MOST, ROOT
from tests.spec.scope import ELSEWHERE, OPEN
from tests.spec.suite_plans import BASIC, FAPI_CIBA, NOT_HERE

PEER_CASES = 53


def label(mutant: Mutant) -> str:
    return f"{mutant.proof.test}-{mutant.mutation.file}"


def test_every_requirement_is_tested_or_open_or_belongs_elsewhere() -> None:
    tested = {proof.requirement.number for proof in proofs()}
    places = Counter([*tested, *ELSEWHERE, *OPEN])
    assert {number: places[number] for number in range(1, MOST + 1) if places[number] != 1} == {}
    assert set(places) == set(range(1, MOST + 1))


def test_every_case_of_the_peer_is_there() -> None:
    numbers = [case.number for _, case in peer_cases()]
    assert sorted(set(numbers)) == list(range(1, PEER_CASES + 1))
    wrong = [name for name, case in peer_cases() if not name.startswith(f"test_peer_{case.number:02}_")]
    assert wrong == []


def test_a_test_is_named_by_the_number_of_its_requirement_and_names_a_change() -> None:
    wrong = [proof.test for proof in proofs() if not proof.test.startswith(f"test_{proof.requirement.number:03}_")]
    idle = [proof.test for proof in proofs() if not proof.requirement.mutations]
    assert (wrong, idle) == ([], [])


def test_every_module_of_the_suites_plans_is_played_once_or_says_why_not() -> None:
    played = Counter([*(proof.suite_module.name for proof in suite_proofs()), *NOT_HERE])
    assert played == Counter([*FAPI_CIBA, *BASIC])


def test_a_test_of_a_module_bears_its_name_and_names_a_change() -> None:
    alone = [proof for proof in suite_proofs() if "[" not in proof.test]
    wrong = [proof.test for proof in alone if proof.test != proof.suite_module.test]
    idle = [proof.test for proof in suite_proofs() if not proof.suite_module.mutations]
    assert (wrong, idle) == ([], [])


@pytest.mark.parametrize("mutant", mutants(), ids=label)
def test_a_change_can_be_made_at_exactly_one_place(mutant: Mutant) -> None:
    before = (ROOT / mutant.mutation.file).read_text(encoding="utf-8")
    assert ast.dump(ast.parse(mutant.mutation.source())) != ast.dump(ast.parse(before))
