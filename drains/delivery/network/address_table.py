"""Which addresses are public, and what an address stands for. Tables of ours.

`ipaddress.is_global` changes with Python's version, and calls several of these global, so it comes
second.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's registries of special-purpose addresses, and what clouds keep for themselves.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, also Alibaba's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host
        "169.254.0.0/16",  # link-local: most metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",  # also Oracle's metadata
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        # Of IPv6 only 2000::/3 is given to networks; without fc00::/7, fe80::/10, fec0::/10,
        # ff00::/8, 5f00::/16, 64:ff9b:1::/48 and whatever comes next.
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3ffe::/16",  # the 6bone's
        "3fff::/20",  # documentation
    )
)

METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # nearly everybody's
        "169.254.170.2",  # AWS: credentials of containers
        "169.254.170.23",
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
        "fe80::a9fe:a9fe",  # OpenStack
    )
)
"""They give credentials to whoever asks from this machine."""

_NAT64 = IPv6Network("64:ff9b::/96")
_HOLD_IPV4_AT_THEIR_END = (IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))
_NO_IPV4 = (IPv6Address("::"), IPv6Address("::1"))


def is_public(address: Address) -> bool:
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)


def meanings(address: Address) -> tuple[Address, ...]:
    """The addresses that one stands for: each of them must pass, whatever wraps it.

    An IPv4-mapped address and one of the well-known NAT64 prefix (what DNS64 answers where there
    is only IPv6) are but another way to write the IPv4 address in them.
    """
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (_at_the_end_of(address),)
    if address.sixtofour is not None:
        return (address, address.sixtofour)
    if address.teredo is not None:
        return (address, *address.teredo)
    if address not in _NO_IPV4 and any(address in net for net in _HOLD_IPV4_AT_THEIR_END):
        return (address, _at_the_end_of(address))
    return (address,)


def _at_the_end_of(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)
