"""Distinguished names as people and programs write them (RFC 4514), read into what certificates hold."""

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

__all__ = ["read_name"]

# RFC 4514 has numbers for most parts of a name; OpenSSL, RFC 4519 and the forms of authorities have these words.
_WORDS = {
    NameOID.BUSINESS_CATEGORY: ("businessCategory",),
    NameOID.COMMON_NAME: ("CN", "commonName"),
    NameOID.COUNTRY_NAME: ("C", "countryName"),
    NameOID.DN_QUALIFIER: ("dnQualifier",),
    NameOID.DOMAIN_COMPONENT: ("DC", "domainComponent"),
    NameOID.EMAIL_ADDRESS: ("emailAddress",),
    NameOID.GENERATION_QUALIFIER: ("generationQualifier",),
    NameOID.GIVEN_NAME: ("GN", "givenName"),
    NameOID.INITIALS: ("initials",),
    NameOID.JURISDICTION_COUNTRY_NAME: ("jurisdictionC", "jurisdictionCountryName"),
    NameOID.JURISDICTION_LOCALITY_NAME: ("jurisdictionL", "jurisdictionLocalityName"),
    NameOID.JURISDICTION_STATE_OR_PROVINCE_NAME: ("jurisdictionST", "jurisdictionStateOrProvinceName"),
    NameOID.LOCALITY_NAME: ("L", "localityName"),
    NameOID.ORGANIZATION_IDENTIFIER: ("organizationIdentifier",),
    NameOID.ORGANIZATION_NAME: ("O", "organizationName"),
    NameOID.ORGANIZATIONAL_UNIT_NAME: ("OU", "organizationalUnitName"),
    NameOID.POSTAL_CODE: ("postalCode",),
    NameOID.PSEUDONYM: ("pseudonym",),
    NameOID.SERIAL_NUMBER: ("serialNumber",),
    NameOID.STATE_OR_PROVINCE_NAME: ("ST", "stateOrProvinceName"),
    NameOID.STREET_ADDRESS: ("street", "streetAddress"),
    NameOID.SURNAME: ("SN", "surname"),
    NameOID.TITLE: ("title",),
    NameOID.USER_ID: ("UID", "userId"),
}
_SPELT = {
    spelling: kind
    for kind, words in _WORDS.items()
    for word in words
    for spelling in (word, word.lower(), word.upper())
}
# A value in DER, as numbers: what programs write of parts whose words they do not know (section 2.4).
_NUMBERED = re.compile(r"((?:^|(?<!\\)[,+])[\w.-]+=)#([\da-fA-F]+)(?=[,+]|$)", re.ASCII)
_TEXTS = frozenset(b"\x0c\x13\x16")  # the tags of UTF8String, PrintableString and IA5String
_LONGEST = 127  # of a DER length in one byte


def read_name(text: str) -> x509.Name:
    """Return the name that *text* spells; raise ValueError where it spells none.

    >>> read_name("2.5.4.97=#0c0750534447422d31") == read_name("organizationIdentifier=PSDGB-1")
    True
    """
    return x509.Name.from_rfc4514_string(_NUMBERED.sub(_spelt_out, text), _SPELT)


def _spelt_out(numbered: re.Match[str]) -> str:
    """Return the same part with its value as text; the library would take the DER itself for the text."""
    content = bytes.fromhex(numbered[2])
    if content[0] not in _TEXTS or not content[1:] or content[1] > _LONGEST or content[1] != len(content) - 2:
        raise ValueError("expected a text in DER, found something else")
    return numbered[1] + "".join(f"\\{byte:02x}" for byte in content[2:])
