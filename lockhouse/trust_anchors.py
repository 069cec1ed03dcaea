"""What the protocol layer is told of client certificates: plain values, with the file of authorities read."""

from cryptography import x509

from lockhouse.configuration import Configuration, SettingsInvalid
from protocols.oauth2.client_certificates import MALFORMED
from protocols.oauth2.mutual_tls import MutualTls

__all__ = ["mutual_tls"]


def mutual_tls(configuration: Configuration) -> MutualTls:
    """Return what this deployment does with certificates. Raise `SettingsInvalid` for a file that cannot be read."""
    section = configuration.settings.mtls
    return MutualTls(
        accepted=bool(section.terminators),
        anchors=_anchors(configuration, section.trust_anchors) if section.trust_anchors else (),
        address=section.address or None,
    )


def _anchors(configuration: Configuration, name: str) -> tuple[x509.Certificate, ...]:
    setting = "mtls.trust_anchors"
    try:
        found = x509.load_pem_x509_certificates(configuration.path(name).read_bytes())
    except OSError as error:
        says = f'{setting}: expected a PEM file, cannot read "{name}": {error.strerror}'
        raise SettingsInvalid((says,)) from error
    except MALFORMED as error:
        says = f'{setting}: expected certificates in PEM, found something else in "{name}"'
        raise SettingsInvalid((says,)) from error
    return tuple(found)
