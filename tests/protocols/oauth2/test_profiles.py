"""What a profile demands, and whose profile counts (requirements 104 to 117)."""

from dataclasses import dataclass, replace
from itertools import product

import pytest

from protocols.oauth2 import PROFILES, NewClient, profile_named, profile_of

CLIENT = NewClient(client_id="shop", secret="s" * 43)


@dataclass(frozen=True, slots=True)
class Row:
    """A client as a newer program may have written it."""

    profile: str | None


@pytest.mark.parametrize(
    ("own", "deployment", "binding"),
    [
        (None, "core", "core"),
        ("core", "core", "core"),
        ("fapi-ciba", "core", "fapi-ciba"),
        (None, "fapi-ciba", "fapi-ciba"),
        ("core", "fapi-ciba", "fapi-ciba"),
        ("fapi-ciba-draft-03", "core", "fapi-ciba-draft-03"),
        ("fapi-ciba-draft-03", "fapi-ciba", "fapi-ciba"),
        ("fapi-ciba", "fapi-ciba-draft-03", "fapi-ciba"),
    ],
)
def test_a_client_promises_more_than_its_deployment_and_never_less(
    own: str | None, deployment: str, binding: str
) -> None:
    assert profile_of(replace(CLIENT, profile=own), deployment) is PROFILES[binding]


def test_a_profile_of_a_newer_program_binds_to_the_strictest() -> None:
    assert profile_of(Row("fapi-3"), "core").name == "fapi-ciba"


def test_a_later_profile_demands_all_that_an_earlier_one_does() -> None:
    """That is what "the stricter of both" rests on."""
    ordered = tuple(PROFILES.values())
    for earlier, later in product(ordered, ordered):
        if ordered.index(earlier) < ordered.index(later):
            assert set(later.auth_methods) <= set(earlier.auth_methods)
            assert set(later.signing_algs) <= set(earlier.signing_algs)
            assert set(later.delivery_modes) <= set(earlier.delivery_modes)
            assert later.signed_requests >= earlier.signed_requests
            assert later.context_required >= earlier.context_required
            assert later.binding_max <= earlier.binding_max
            assert later.binding_emoji <= earlier.binding_emoji
            assert later.unknown_key_rejected >= earlier.unknown_key_rejected
            assert later.acr_returned >= earlier.acr_returned


def test_fapi_ciba_takes_no_shared_secret_no_push_and_signed_requests_only() -> None:
    """Requirements 105 to 107, 109, 110, 112, 116, 117."""
    fapi = profile_named("fapi-ciba")
    assert not any("secret" in method for method in fapi.auth_methods)
    assert fapi.signing_algs == ("PS256", "ES256")
    assert fapi.delivery_modes == ("poll", "ping")
    assert fapi.signed_requests
    assert fapi.request_life is not None
    assert fapi.request_life.total_seconds() == 3600
    assert fapi.context_required
    assert fapi.unknown_key_rejected
    assert fapi.acr_returned


def test_the_draft_differs_in_signed_requests_alone() -> None:
    """Requirement 109."""
    draft, fapi = profile_named("fapi-ciba-draft-03"), profile_named("fapi-ciba")
    assert not draft.signed_requests
    assert replace(draft, name=fapi.name, signed_requests=True) == fapi


def test_core_asks_for_nothing_beyond_the_specification() -> None:
    core = profile_named("core")
    assert core.delivery_modes == ("poll", "ping", "push")
    assert not core.signed_requests
    assert core.request_life is None
