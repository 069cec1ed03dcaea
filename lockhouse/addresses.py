"""Decides which network addresses the server may call on somebody else's word. Pure."""

import ipaddress

__all__ = ["is_public"]

# IPv6 unicast that is handed out at all (IANA); what lies outside is local, multicast, or translates to IPv4.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


def is_public(text: str) -> bool:
    """Say whether the address *text* belongs to the public Internet, also after unwrapping an IPv4 address in it.

    Private, loopback, link-local, shared (CGNAT), multicast, reserved, mapped and translated addresses are not.

    >>> is_public("93.184.216.34"), is_public("10.0.0.1"), is_public("::ffff:93.184.216.34")
    (True, False, False)
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not (address.is_multicast or address.is_reserved)
    if address not in _GLOBAL_UNICAST or not address.is_global:
        return False
    wrapped = [address.sixtofour] if address.sixtofour else []
    wrapped.extend(address.teredo or ())
    return all(is_public(str(inner)) for inner in wrapped)
