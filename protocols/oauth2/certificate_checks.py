"""What a client certificate proves: whom it names, and whether it leads to an authority that we trust (RFC 8705).

All of it is judged here. The terminator's own verdict counts for nothing: it lets self-signed certificates through, as
``self_signed_tls_client_auth`` needs.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from protocols.oauth2.client_certificates import MALFORMED, ClientCertificate
from protocols.oauth2.distinguished_names import read_name

__all__ = ["SUBJECT_KINDS", "CertificateSubject", "SubjectKind", "chain_fault", "validity_fault"]

_FOR_CLIENTS = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
_LEAST_RSA_BITS = 2048  # FAPI 1.0 part 1, section 5.2.2
SubjectKind = Literal["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"]
# What a name of each kind looks like.
SUBJECT_KINDS: Mapping[SubjectKind, str] = MappingProxyType(
    {
        "subject_dn": "a distinguished name as RFC 4514 writes it, such as CN=shop,O=Shop Ltd",
        "san_dns": "the name of a host",
        "san_uri": "an address",
        "san_ip": "an IP address",
        "san_email": "an e-mail address",
    }
)


@dataclass(frozen=True, slots=True)
class CertificateSubject:
    """Whom a certificate is to name: one kind of name and its value (RFC 8705 section 2.1.2)."""

    kind: SubjectKind
    value: str

    def is_readable(self) -> bool:
        """Say whether *value* can be a name of its kind at all.

        >>> CertificateSubject("san_ip", "10.0.0.300").is_readable()
        False
        """
        try:
            match self.kind:
                case "subject_dn":
                    return len(list(read_name(self.value))) > 0
                case "san_ip":
                    return bool(ipaddress.ip_address(self.value))
                case _:
                    return self.value.isascii() and self.value.isprintable() and " " not in self.value != ""
        except ValueError:
            return False

    def names(self, certificate: x509.Certificate) -> bool:
        """Say whether *certificate* carries this name."""
        if self.kind == "subject_dn":
            return _same_name(certificate.subject, self.value)
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, *MALFORMED):
            return False
        match self.kind:
            case "san_dns":
                return self.value.lower() in {name.lower() for name in names.get_values_for_type(x509.DNSName)}
            case "san_uri":
                return self.value in names.get_values_for_type(x509.UniformResourceIdentifier)
            case "san_ip":
                # RFC 8705 section 2.1.2: compared as binary values, since an IPv6 address has several spellings.
                return ipaddress.ip_address(self.value) in names.get_values_for_type(x509.IPAddress)
            case "san_email":
                return self.value in names.get_values_for_type(x509.RFC822Name)


def chain_fault(certificate: ClientCertificate, anchors: Sequence[x509.Certificate], *, now: datetime) -> str | None:
    """Return why *certificate* does not lead to one of *anchors* at *now*, or None where it does.

    Signatures, validity, key usage and the constraints of the authorities are judged; a name is nobody's affair yet.
    """
    if not anchors:
        return "no trust anchors are configured"
    # What certificates of web servers need and those of clients may lack: another name, and a hint at the issuer's key.
    clients = ExtensionPolicy.webpki_defaults_ee()
    for kind in (x509.SubjectAlternativeName, x509.AuthorityKeyIdentifier):
        clients = clients.may_be_present(kind, Criticality.AGNOSTIC, None)
    policy = (
        PolicyBuilder()
        .store(Store(list(anchors)))
        .time(now)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=clients)
        .build_client_verifier()
    )
    try:
        found = policy.verify(certificate.parsed(), [x509.load_der_x509_certificate(der) for der in certificate.chain])
        constrained = any(map(_constrains_subjects, found.chain))
    except (VerificationError, *MALFORMED) as error:
        return f"the chain does not validate: {error}"
    return "an authority of the chain may only name some subjects, which is not judged here" if constrained else None


def validity_fault(certificate: x509.Certificate, *, now: datetime) -> str | None:
    """Return why *certificate* is not good at *now* by itself, whoever vouches for it: its time, its key, its usage."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return "the certificate has expired, or is not valid yet"
    try:
        usages = {type(each.value): each.value for each in certificate.extensions}
        public = certificate.public_key()
    except MALFORMED:
        return "the certificate's extensions or its key cannot be read"
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _LEAST_RSA_BITS:
        return f"the certificate's key has {public.key_size} bits, at least {_LEAST_RSA_BITS} are needed"
    key, extended = usages.get(x509.KeyUsage), usages.get(x509.ExtendedKeyUsage)
    if isinstance(key, x509.KeyUsage) and not key.digital_signature:
        return "the certificate's key is not for signatures, which prove a client to the terminator"
    if isinstance(extended, x509.ExtendedKeyUsage) and not _FOR_CLIENTS & set(extended):
        return "the certificate is for something else than client authentication"
    return None


def _constrains_subjects(certificate: x509.Certificate) -> bool:
    """Say whether *certificate* limits the subjects below it: the library refuses that only where it is critical."""
    try:
        limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return False
    trees = (*(limits.permitted_subtrees or ()), *(limits.excluded_subtrees or ()))
    return any(isinstance(tree, x509.DirectoryName) for tree in trees)


def _same_name(found: x509.Name, registered: str) -> bool:
    """Compare names as names: neither spelling nor the order of values inside one part tells them apart (RFC 4514)."""
    try:
        return found == read_name(registered)
    except ValueError:
        return False
