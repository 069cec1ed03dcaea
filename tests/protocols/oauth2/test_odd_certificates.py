"""Certificates that are rarely seen (requirement 101): names of an impossible kind, authorities for some names only."""

from dataclasses import dataclass
from functools import cached_property

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from engine.storage import Database
from protocols.oauth2 import KeyMaterial
from protocols.oauth2.certificate_checks import chain_fault
from protocols.oauth2.client_certificates import ClientCertificate
from tests.fixtures.authority import Authority, Holder, self_signed
from tests.protocols.oauth2.test_tls_client_auth import BANK, ROOT, SETTINGS, SUBJECT, ask, register
from tests.protocols.world import NOON, as_error, make_world

FOO = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Foo")])
TEXT, BITS = b"\x0c\x04\x00ank", b"\x03\x04\x00ank"  # the same four bytes, as UTF8String and as BIT STRING


@dataclass(frozen=True)
class Odd(Holder):
    """A holder whose certificate has bits where its name should have text; its signature is not looked at."""

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return super().der.replace(TEXT, BITS)

    @property
    def headers(self) -> dict[str, str]:
        """What nginx would send of a connection with this certificate."""
        return Holder(x509.load_der_x509_certificate(self.der), self.key).headers


@dataclass(frozen=True)
class Constrained(Authority):
    """An authority that may name subjects of one organization only, and says so without making it critical."""

    permitted: bool = True

    @cached_property
    def certificate(self) -> x509.Certificate:
        """Return the authority's own certificate, with the constraint in it."""
        plain, tree = super().certificate, [x509.DirectoryName(FOO)]
        builder = x509.CertificateBuilder(
            plain.issuer,
            plain.subject,
            plain.public_key(),
            plain.serial_number,
            plain.not_valid_before_utc,
            plain.not_valid_after_utc,
            list(plain.extensions),
        )
        limits = x509.NameConstraints(tree, None) if self.permitted else x509.NameConstraints(None, tree)
        signer = self.issuer or self
        return builder.add_extension(limits, critical=False).sign(signer.key, hashes.SHA256())


@pytest.mark.parametrize("permitted", [True, False])
def test_101_an_authority_for_some_subjects_vouches_for_nobody(permitted: bool) -> None:
    branch = Constrained("Branch", NOON, issuer=ROOT, permitted=permitted)
    shown = ClientCertificate(branch.issue("bank").der, (branch.certificate.public_bytes(Encoding.DER),))

    assert "only name some subjects" in (chain_fault(shown, [ROOT.certificate], now=NOON) or "")
    assert "only name some subjects" in (chain_fault(shown, [branch.certificate], now=NOON) or "")


@pytest.mark.anyio
async def test_101_a_name_of_bits_proves_nobody(sqlite_database: Database, key_material: KeyMaterial) -> None:
    plain = self_signed("\x00ank", now=NOON)
    odd = Odd(plain.certificate, plain.key)
    async with make_world(sqlite_database, key_material, SETTINGS) as world:
        await register(world, tls_subject_dn=SUBJECT)

        assert as_error(await ask(world, odd, {"client_id": BANK})) == (401, "invalid_client")
