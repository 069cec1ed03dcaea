"""What is said of a TLS terminator, apart from what does its work: settings are read without a server's parts."""

import ipaddress
from typing import Literal

__all__ = ["HeaderName", "Network"]

HeaderName = Literal["client-cert", "x-ssl-client-cert"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
