from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Refused
from executors.consent import Consent, Decision, judge
from tests.executors.answers import NO_UNIT, settled
from tests.executors.fakes import Ledger
from tests.executors.samples import context

ASKED = [
    {"name": "openid", "title": "Who you are", "required": True},
    {"name": "email", "title": "Your address", "required": False},
    {"name": "pay", "title": "Pay 12 EUR", "required": False},
]


def decide(ledger: Ledger, granted: Sequence[str], asked: Sequence[object] = ASKED) -> object:
    given = {"subject": "ann", "requester": "Shop", "asked": asked, "granted": granted, "shown": "W4SCT"}
    return settled(Consent.contract, Consent(ledger=ledger).run(NO_UNIT, context(), given))


def test_what_was_granted_is_recorded_with_what_was_shown() -> None:
    ledger = Ledger()

    assert decide(ledger, ["pay", "openid"]) == ("recorded", {"granted": ["openid", "pay"]})
    assert ledger.kept["key-1"] == Decision(
        subject="ann", requester="Shop", asked=("openid", "email", "pay"), granted=("openid", "pay"), shown="W4SCT"
    )


def test_nothing_granted_is_nothing_left_and_leaves_no_record() -> None:
    ledger = Ledger()

    assert decide(ledger, []) == ("nothing_left", {})
    assert ledger.kept == {}


def test_where_nothing_was_asked_agreeing_is_still_recorded() -> None:
    assert decide(Ledger(), [], asked=[]) == ("recorded", {"granted": []})


@pytest.mark.parametrize(
    ("granted", "reason"), [(["openid", "admin"], "not_asked"), (["admin"], "not_asked"), (["pay"], "required_missing")]
)
def test_a_grant_that_does_not_fit_is_refused_and_not_recorded(granted: list[str], reason: str) -> None:
    ledger = Ledger()

    with pytest.raises(Refused) as caught:
        decide(ledger, granted)

    assert caught.value.reason == reason
    assert reason in Consent.contract.faults
    assert ledger.kept == {}


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])


@settings(deadline=None)  # a shared machine pauses when it likes
@given(asked=st.dictionaries(NAMES, st.booleans()), granted=st.lists(NAMES))
def test_a_consent_only_narrows_and_never_drops_what_is_required(asked: dict[str, bool], granted: list[str]) -> None:
    permissions = [{"name": name, "title": name, "required": required} for name, required in asked.items()]
    try:
        kept = judge(permissions, granted)
    except Refused:
        return

    assert set(kept) == set(granted) <= set(asked)
    assert len(kept) == len(set(kept))
    assert not kept or {name for name, required in asked.items() if required} <= set(kept)
