"""Client certificates (requirement 101): read from headers, validated here, compared by one registered name."""

import base64
import ipaddress
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from protocols.oauth2.certificate_checks import CertificateSubject, SubjectKind, chain_fault, validity_fault
from protocols.oauth2.client_certificates import (
    CERTIFICATE,
    MALFORMED,
    CertificateUnreadable,
    ClientCertificate,
    certificate_of,
    read_client_cert,
    read_escaped_pem,
)
from tests.fixtures.authority import DAY, Authority, Holder, self_signed
from tests.protocols.world import NOON

ROOT = Authority("Root", NOON)
BRANCH = Authority("Branch", NOON, issuer=ROOT)
SANS = (
    x509.DNSName("shop.example"),
    x509.UniformResourceIdentifier("https://shop.example/id"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
    x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    x509.RFC822Name("tls@shop.example"),
)
SHOP = ROOT.issue("shop", sans=SANS)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def item(content: bytes) -> str:
    return f":{base64.b64encode(content).decode()}:"


def fault(held: Holder, *others: x509.Certificate, anchors: tuple[Authority, ...] = (ROOT,)) -> str:
    shown = ClientCertificate(held.der, tuple(map(der, others)))
    return chain_fault(shown, [anchor.certificate for anchor in anchors], now=NOON) or ""


def test_101_a_certificate_of_an_anchor_validates_without_a_san_too() -> None:
    assert fault(SHOP) == ""
    assert fault(ROOT.issue("plain")) == ""
    assert fault(ROOT.issue("plain", hinted=False)) == ""


def test_101_a_chain_needs_its_middle_unless_that_is_trusted_itself() -> None:
    held = BRANCH.issue("shop")

    assert fault(held, BRANCH.certificate) == ""
    assert "does not validate" in fault(held)
    assert fault(held, anchors=(BRANCH,)) == ""


@pytest.mark.parametrize(
    "held",
    [
        self_signed("shop", now=NOON),
        Authority("Root", NOON).issue("shop", sans=SANS),
        ROOT.issue("shop", days=-1),
        ROOT.issue("shop", begins=3 * DAY),
        ROOT.issue("shop", usages=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        Holder(ROOT.certificate, ROOT.key),
    ],
    ids=["self-signed", "another root of the same name", "over", "not yet", "for servers", "an authority"],
)
def test_101_what_does_not_validate(held: Holder) -> None:
    assert "does not validate" in fault(held)


def test_101_without_anchors_nothing_validates() -> None:
    assert fault(SHOP, anchors=()) == "no trust anchors are configured"


@pytest.mark.parametrize(
    ("held", "wrong"),
    [
        (SHOP, None),
        (self_signed("shop", now=NOON), None),
        (ROOT.issue("shop", days=-1), "expired"),
        (ROOT.issue("shop", begins=3 * DAY), "not valid yet"),
        (ROOT.issue("shop", usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), "something else"),
        (ROOT.issue("shop", usages=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)), None),
        (ROOT.issue("shop", signs=False), "not for signatures"),
        (self_signed("shop", now=NOON, key=rsa.generate_private_key(65537, 1024)), "1024 bits"),
    ],
)
def test_101_time_and_usage_are_judged_whoever_vouches(held: Holder, wrong: str | None) -> None:
    found = validity_fault(held.certificate, now=NOON)
    assert found is None if wrong is None else wrong in (found or "")


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("subject_dn", "CN=shop,O=Shop Ltd", "CN=shop"),
        ("subject_dn", "2.5.4.3=sh\\6fp,O=Shop Ltd", "O=Shop Ltd,CN=shop"),
        ("san_dns", "SHOP.example", "other.example"),
        ("san_uri", "https://shop.example/id", "https://shop.example/ID"),
        ("san_ip", "192.0.2.7", "192.0.2.8"),
        ("san_ip", "2001:0db8:0::7", "2001:db8::8"),
        ("san_email", "tls@shop.example", "other@shop.example"),
    ],
)
def test_101_each_kind_of_name_is_compared(kind: SubjectKind, right: str, wrong: str) -> None:
    assert CertificateSubject(kind, right).names(SHOP.certificate)
    assert not CertificateSubject(kind, wrong).names(SHOP.certificate)
    assert not CertificateSubject(kind, right).names(self_signed("other", now=NOON).certificate)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("subject_dn", "no name"),
        ("subject_dn", "CN=shop, O=Shop Ltd"),
        ("subject_dn", ""),
        ("san_ip", "shop.example"),
        ("san_dns", ""),
        ("san_uri", "a b"),
    ],
)
def test_101_a_name_that_can_be_none_is_known_before(kind: SubjectKind, text: str) -> None:
    assert not CertificateSubject(kind, text).is_readable()


def test_101_parts_of_a_subject_go_by_the_names_that_openssl_prints() -> None:
    text = "emailAddress=a@shop.example,organizationIdentifier=PSDGB-1,serialNumber=7"
    assert CertificateSubject("subject_dn", text).is_readable()


def test_101_a_renewed_certificate_has_the_same_names_and_another_thumbprint() -> None:
    renewed = ROOT.issue("shop", sans=SANS)

    assert CertificateSubject("subject_dn", "CN=shop,O=Shop Ltd").names(renewed.certificate)
    assert ClientCertificate(renewed.der).thumbprint != ClientCertificate(SHOP.der).thumbprint


def test_both_spellings_of_the_header_give_the_same_certificate() -> None:
    chained = read_client_cert(item(SHOP.der), f"{item(der(BRANCH.certificate))}, {item(der(ROOT.certificate))}")
    escaped = read_escaped_pem(SHOP.headers["X-SSL-Client-Cert"])

    assert chained.der == escaped.der == SHOP.der
    assert chained.chain == (der(BRANCH.certificate), der(ROOT.certificate))
    assert len(chained.thumbprint) == 43
    assert chained.parsed() == SHOP.certificate


@pytest.mark.parametrize(
    "text", ["", "::", ":AAAA:", "AAAA", ":not base64:", ":" + "A" * 40_000 + ":", item(SHOP.der)[:-1]]
)
def test_a_client_cert_header_that_cannot_be_read(text: str) -> None:
    with pytest.raises(CertificateUnreadable):
        read_client_cert(text)


def test_a_chain_of_very_many_is_refused() -> None:
    with pytest.raises(CertificateUnreadable):
        read_client_cert(item(SHOP.der), ", ".join([item(SHOP.der)] * 7))


TWO = quote(SHOP.certificate.public_bytes(Encoding.PEM).decode() * 2, safe="")


@pytest.mark.parametrize("text", ["", "-----BEGIN", "%ff%fe", "x" * 40_000, TWO, f"{TWO[: len(TWO) // 2]}, x"])
def test_a_pem_header_that_cannot_be_read(text: str) -> None:
    with pytest.raises(CertificateUnreadable):
        read_escaped_pem(text)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # serial numbers below 1
@given(st.dictionaries(st.integers(0, len(SHOP.der) - 1), st.integers(0, 255), min_size=1, max_size=4))
def test_a_certificate_with_changed_bytes_proves_nothing_and_breaks_nothing(changes: dict[int, int]) -> None:
    changed = bytearray(SHOP.der)
    for place, value in changes.items():
        changed[place] = value
    try:
        shown = read_client_cert(item(bytes(changed)))
        wrong = validity_fault(shown.parsed(), now=NOON) or chain_fault(shown, [ROOT.certificate], now=NOON)
    except (CertificateUnreadable, *MALFORMED):
        return
    assert wrong or changed == SHOP.der


def test_time_is_the_callers() -> None:
    shown = ClientCertificate(SHOP.der)

    assert chain_fault(shown, [ROOT.certificate], now=NOON + timedelta(days=29)) is None
    assert chain_fault(shown, [ROOT.certificate], now=NOON + timedelta(days=31)) is not None


def test_a_request_has_the_certificate_that_the_edge_left() -> None:
    shown = ClientCertificate(SHOP.der)

    assert certificate_of(SimpleNamespace(scope={CERTIFICATE: shown})) == shown
    assert certificate_of(SimpleNamespace(scope={CERTIFICATE: "text"})) is None
    assert certificate_of(SimpleNamespace(scope={})) is None


def test_a_certificate_stays_out_of_a_repr() -> None:
    assert repr(ClientCertificate(SHOP.der)) == "ClientCertificate()"
