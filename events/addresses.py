"""Addresses of those who connect to us, as all read them who count by peer."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

UNKNOWN_PEER = "unknown"


def address_of(text: str) -> Address | None:
    """None where it is no address. An IPv4 address that is mapped into IPv6 is that address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def peer_of(text: str) -> str:
    """What a limit knows a client by: its address; of IPv6 the /64, which a client has whole."""
    address = address_of(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), 64), strict=False))
    return UNKNOWN_PEER if address is None else str(address)
