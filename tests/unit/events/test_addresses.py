"""By what a limit knows who comes."""

from __future__ import annotations

import pytest

from events.addresses import UNKNOWN_PEER, peer_of


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", UNKNOWN_PEER),
        ("no address", UNKNOWN_PEER),
        ("192.0.2.7:80", UNKNOWN_PEER),
    ],
)
def test_an_address_is_a_peer_and_of_ipv6_its_64(address: str, peer: str) -> None:
    assert peer_of(address) == peer
