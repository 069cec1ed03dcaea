"""Subjects of certificates, as programs print them and people register them (requirement 101, RFC 4514)."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth2.certificate_checks import CertificateSubject
from protocols.oauth2.distinguished_names import read_name

BANK = (
    "/C=GB/ST=Kent/L=Deal/street=Quay 1/postalCode=CT14/O=Bank, Ltd/OU=Till/serialNumber=7"
    "/organizationIdentifier=PSDGB-1/jurisdictionC=GB/businessCategory=Private Organization"
    "/GN=Ann/SN=Lee/title=Ms/DC=example/UID=till/CN=b\u00e4nk/emailAddress=a@bank.example"
)


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate file with all kinds of parts in its subject."""
    folder = tmp_path_factory.mktemp("issued")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    command = ["openssl", "req", "-x509", "-utf8", *curve, "-subj", BANK, "-keyout", "key.pem", "-out", "bank.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "bank.pem"


@pytest.mark.parametrize("options", ["RFC2253", "RFC2253,utf8,-esc_msb", "RFC2253,dump_all,dump_der,oid"])
def test_101_what_openssl_prints_names_the_certificate(issued: Path, options: str) -> None:
    command = ["openssl", "x509", "-in", str(issued), "-noout", "-subject", "-nameopt", options]
    printed = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    text = printed.strip().removeprefix("subject=")
    certificate = x509.load_pem_x509_certificate(issued.read_bytes())

    assert CertificateSubject("subject_dn", text).is_readable(), text
    assert CertificateSubject("subject_dn", text).names(certificate), text
    other = text.replace("PSDGB-1", "PSDGB-2").replace("#0C0750534447422D31", "#0C0750534447422D32")
    assert not CertificateSubject("subject_dn", other).names(certificate)


def test_101_words_count_in_any_of_their_spellings() -> None:
    assert read_name("cn=shop,EMAILADDRESS=a@b.example") == read_name("CN=shop,emailAddress=a@b.example")


@pytest.mark.parametrize(
    "text", ["CN=#0c05616263", "CN=#1e0000", "CN=#0c", "CN=#020105", "CN=#0c81", "CN=#0c1", "shoe=1", ""]
)
def test_101_what_spells_no_name_is_known_before(text: str) -> None:
    assert not CertificateSubject("subject_dn", text).is_readable()


@given(st.text(max_size=40))
def test_101_any_text_is_a_name_or_is_refused(text: str) -> None:
    subject = CertificateSubject("subject_dn", f"CN={text}")
    assert subject.is_readable() in {True, False}
