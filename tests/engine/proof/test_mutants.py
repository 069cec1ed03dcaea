"""A change to a shipped flow does not go unnoticed: the compiler refuses it, or the flow's own tests fail."""

from collections import Counter

import pytest

from engine.testing import run_flow_tests
from tests.engine.proof.judging import DOCUMENTS, judge, original
from tests.engine.proof.mutants import FAMILIES, Mutant, mutants

ALL = [mutant for flow in DOCUMENTS.values() for mutant in mutants(flow)]
BYPASSES = [mutant for mutant in ALL if mutant.family.startswith("bypass")]
OTHERS = [mutant for mutant in ALL if not mutant.family.startswith("bypass")]
SAMPLE = OTHERS[::110]
MOST_UNNOTICED = 0.10


def label(mutant: Mutant) -> str:
    return f"{mutant.family}: {mutant.what}"


def test_there_are_mutants_of_every_family_and_what_they_are_made_of_is_sound() -> None:
    assert len(ALL) >= 500
    assert {mutant.family for mutant in ALL} == set(FAMILIES)
    assert all(result.passed for result in run_flow_tests(original()))
    assert judge(Mutant("none", "", DOCUMENTS["login_approval"])) == "equivalent"


@pytest.mark.parametrize("mutant", BYPASSES, ids=label)
def test_a_flow_that_leaves_out_the_person_the_password_or_the_consent_is_refused(mutant: Mutant) -> None:
    assert judge(mutant) == "refused"


def test_a_few_mutants_of_each_kind_are_noticed() -> None:
    verdicts = Counter(judge(mutant) for mutant in SAMPLE)
    noticed = verdicts["refused"] + verdicts["tests fail"]
    assert noticed >= len(SAMPLE) * (1 - MOST_UNNOTICED)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_at_most_one_mutant_in_ten_goes_unnoticed() -> None:
    verdicts = [(label(mutant), judge(mutant)) for mutant in ALL]
    unnoticed = [f"{what}: {verdict}" for what, verdict in verdicts if verdict in {"equivalent", "survives"}]
    assert len(unnoticed) <= len(ALL) * MOST_UNNOTICED, "\n".join(unnoticed)
