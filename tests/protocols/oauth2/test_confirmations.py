"""What tokens are bound to, by what was shown and what is owed: every case."""

import pytest

from protocols.oauth2 import OAuthError
from protocols.oauth2.confirmations import (
    Confirmation,
    Sender,
    confirmation_of,
    stored_confirmation,
    token_type_of,
)
from protocols.oauth2.dpop import Proof
from tests.protocols.world import NOON

PROOF = Proof(jkt="thumbprint of a key", once=b"once", expires_at=NOON)
KEY, CERTIFICATE = Confirmation("jkt", PROOF.jkt), Confirmation("x5t#S256", "thumbprint of a certificate")
NOTHING, PROVED = Sender(), Sender(proof=PROOF)
CERTIFIED = Sender(certificate=CERTIFICATE.value)
BOTH = Sender(certificate=CERTIFICATE.value, proof=PROOF)
OWED = "invalid_request"


@pytest.mark.parametrize(
    ("certificate_bound", "dpop_bound", "earned"),
    [
        (False, False, {"nothing": None, "proof": KEY, "certificate": None, "both": KEY}),
        (False, True, {"nothing": OWED, "proof": KEY, "certificate": OWED, "both": KEY}),
        (True, False, {"nothing": OWED, "proof": OWED, "certificate": CERTIFICATE, "both": OWED}),
        (True, True, {"nothing": OWED, "proof": OWED, "certificate": OWED, "both": OWED}),
    ],
    ids=["free", "bound to a key", "bound to a certificate", "bound to both"],
)
@pytest.mark.parametrize("shown", ["nothing", "proof", "certificate", "both"])
def test_what_a_request_earns(
    certificate_bound: bool, dpop_bound: bool, earned: dict[str, Confirmation | str | None], shown: str
) -> None:
    sender = {"nothing": NOTHING, "proof": PROVED, "certificate": CERTIFIED, "both": BOTH}[shown]

    try:
        found: Confirmation | str | None = confirmation_of(
            sender, certificate_bound=certificate_bound, dpop_bound=dpop_bound
        )
    except OAuthError as error:
        found = error.error
    assert found == earned[shown]


@pytest.mark.parametrize("certificate_bound", [True, False])
def test_a_bad_proof_is_told_of_whatever_is_owed(certificate_bound: bool) -> None:
    sender = Sender(certificate="c", proof=OAuthError("invalid_dpop_proof", "it is too old"))

    with pytest.raises(OAuthError, match="too old"):
        confirmation_of(sender, certificate_bound=certificate_bound, dpop_bound=False)


@pytest.mark.parametrize("confirmation", [KEY, CERTIFICATE])
def test_it_is_stored_and_told_as_it_is(confirmation: Confirmation) -> None:
    assert stored_confirmation(confirmation.as_stored()) == confirmation
    assert confirmation.claims() == {"cnf": {confirmation.method: confirmation.value}}
    assert stored_confirmation(None) is None


def test_only_a_key_changes_how_a_token_is_used() -> None:
    assert [token_type_of(each) for each in (None, CERTIFICATE.cnf, KEY.cnf)] == ["Bearer", "Bearer", "DPoP"]
