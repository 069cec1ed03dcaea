"""Settings of client certificates: which TLS terminator is believed, and whose certificates count."""

import ipaddress
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lockhouse.message_settings import FORBID, as_list
from lockhouse.terminator_values import HeaderName, Network

__all__ = ["MtlsSection"]

_ORIGIN = 'an https address such as "https://mtls.id.example"'


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError('an IP address or a network such as "127.0.0.1" or "10.1.0.0/24"') from error
    return text


class MtlsSection(BaseModel):
    """Client certificates (RFC 8705), as a TLS terminator in front of this server passes them on."""

    model_config = FORBID

    terminators: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(as_list)] = Field(
        default=(), description="addresses from which a certificate header is believed; from others it is dropped"
    )
    header: HeaderName = Field(
        default="x-ssl-client-cert",
        description="x-ssl-client-cert: PEM, percent-encoded, as nginx writes it; client-cert: RFC 9440",
    )
    trust_anchors: str = Field(
        default="", description="PEM file with the authorities whose certificates prove clients (tls_client_auth)"
    )
    address: str = Field(
        default="",
        description="origin at which clients are asked for certificates, such as https://mtls.id.example; "
        "empty: the issuer",
    )

    @field_validator("address")
    @classmethod
    def _an_origin(cls, address: str) -> str:
        try:
            parts = urlsplit(address)
            _ = parts.port  # raises ValueError for a port that is none
        except ValueError as error:
            raise ValueError(_ORIGIN) from error
        named = parts.hostname and parts.username is None and " " not in parts.netloc
        if address and not (parts.scheme == "https" and named):
            raise ValueError(_ORIGIN)
        if parts.path or "?" in address or "#" in address:
            raise ValueError("an address without path, query and fragment")
        return address

    @model_validator(mode="after")
    def _nothing_without_a_terminator(self) -> Self:
        if (self.address or self.trust_anchors) and not self.terminators:
            raise PydanticCustomError(
                "misplaced", "at least one address: without one no certificate is believed", {"setting": "terminators"}
            )
        return self

    @property
    def networks(self) -> tuple[Network, ...]:
        """The terminators' addresses, as networks."""
        return tuple(map(ipaddress.ip_network, self.terminators))
