"""The check of client certificates: whether the authorities that prove clients can be read."""

from collections.abc import Iterator

from lockhouse.configuration import Configuration, SettingsInvalid
from lockhouse.doctor.finding import Finding, fail, ok, warn
from lockhouse.trust_anchors import mutual_tls

__all__ = ["check_certificates"]

_CERTIFICATES = "certificates"
_MANY = 65_536  # addresses: more are no terminators, but a whole network


def check_certificates(configuration: Configuration) -> Iterator[Finding]:
    """Read the trust anchors; nothing is said where no terminator is trusted."""
    settings = configuration.settings.mtls
    if not settings.terminators:
        return
    try:
        known = mutual_tls(configuration)
    except SettingsInvalid as error:
        yield fail(_CERTIFICATES, str(error), "name a PEM file with the certificates of the authorities")
        return
    if any(network.num_addresses > _MANY for network in settings.networks):
        says = f"certificates are believed from {', '.join(settings.terminators)}: whoever sits there can forge them"
        yield warn(_CERTIFICATES, says, "name the terminators' own addresses in mtls.terminators")
    yield ok(_CERTIFICATES, f"{len(known.anchors)} authorities, terminators at {', '.join(settings.terminators)}")
