"""Each executor's contract says exactly what the executor can answer; nothing answers outside of it."""

import pytest

from engine import Contract
from executors.assertion_post import AssertionPost
from executors.consent import Consent
from executors.contact_channels import ContactChannels
from executors.notification_dispatch import NotificationDispatch
from executors.password_auth import PasswordAuth

ALL = (
    AssertionPost.contract,
    Consent.contract,
    ContactChannels.contract,
    NotificationDispatch.contract,
    PasswordAuth.contract,
)


def signature(contract: Contract) -> dict[str, set[str]]:
    return {outcome: set(fields) for outcome, fields in contract.outcomes.items()}


def test_the_outcomes_are_those_that_flows_route() -> None:
    assert {contract.name: signature(contract) for contract in ALL} == {
        "assertion_post": {"accepted": set(), "refused": {"reason"}},
        "consent": {"recorded": {"granted"}, "nothing_left": set()},
        "contact_channels": {"found": {"channels"}},
        "notification_dispatch": {"accepted": {"channel"}, "undeliverable": {"reason"}},
        "password_auth": {
            "authenticated": {"subject", "methods", "at"},
            "rejected": {"attempts_left"},
            "delayed": {"wait"},
            "locked": set(),
        },
    }


def test_what_touches_only_our_database_is_transactional_and_the_rest_takes_the_key() -> None:
    assert {contract.name: (contract.effect, contract.takes_key) for contract in ALL} == {
        "assertion_post": ("external", True),
        "consent": ("transactional", False),
        "contact_channels": ("transactional", False),
        "notification_dispatch": ("transactional", False),
        "password_auth": ("external", True),
    }


def test_an_assertion_needs_a_proven_person_and_a_proven_consent() -> None:
    assert AssertionPost.contract.requires == {
        "subject": "authentication",
        "methods": "authentication",
        "authenticated_at": "authentication",
        "granted": "consent",
    }
    assert PasswordAuth.contract.establishes["authenticated"]["subject"] == "authentication"
    assert Consent.contract.establishes == {"recorded": {"granted": "consent"}}


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.name)
def test_a_contract_survives_being_written_and_read(contract: Contract) -> None:
    assert Contract.from_json(contract.to_json()).digest == contract.digest


def test_only_the_password_is_a_secret() -> None:
    assert [contract.name for contract in ALL if contract.takes_secrets] == ["password_auth"]
