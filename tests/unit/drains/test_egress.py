"""The table of docs/egress.md: what no drain may reach, however it is written."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.delivery.network.address_table import METADATA
from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import RefusedByPolicyError
from drains.delivery.network.lookups import is_local
from drains.egress_check import refuse_egress
from drains.selectors import egress_policy, own_port
from tests.support.addresses import PUBLIC_ADDRESSES, REFUSED_ADDRESSES

PUBLIC = EgressPolicy()


@pytest.mark.parametrize("port", [80, 443, 514, 6514])
@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_no_connection_is_made_to_what_is_not_public(address: str, port: int) -> None:
    with pytest.raises(RefusedByPolicyError, match="refused by policy: the address is private"):
        PUBLIC.refuse([address], port)


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_addresses_pass(address: str) -> None:
    PUBLIC.refuse([address], 514)
    refuse_egress(PUBLIC, address, 514)


@pytest.mark.parametrize("address", ["fe80::1%lo", "2606:4700::1%lo", "logs.example", "127.1", ""])
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(RefusedByPolicyError):
        PUBLIC.refuse([address], 514)


def test_a_refusal_tells_nobody_which_rule_it_was() -> None:
    policy = EgressPolicy(
        denied=(ip_network("8.8.8.0/24"),),
        own_ports=frozenset({5000}),
        services=frozenset({("9.9.9.9", 9092)}),
    )

    assert len({said_of(policy, *at) for at in [("10.0.0.1", 1514), ("8.8.8.8", 1514)]}) == 1
    assert said_of(policy, "127.0.0.1", 5000) == said_of(policy, "9.9.9.9", 9092)
    assert said_of(policy, "9.9.9.9", 9092) == said_of(policy, "10.0.0.1", 9092)


def said_of(policy: EgressPolicy, address: str, port: int) -> str:
    """Empty where it passes."""
    try:
        policy.refuse([address], port)
    except RefusedByPolicyError as error:
        return str(error)
    return ""


# Ports.


@pytest.mark.parametrize("port", [80, 443, 514, 601, 1024, 6514, 65535])
def test_the_ports_of_syslog_and_the_web_and_all_high_ones_pass(port: int) -> None:
    PUBLIC.refuse(["8.8.8.8"], port)


@pytest.mark.parametrize("port", [1, 22, 25, 53, 79, 81, 445, 513, 515, 600, 602, 1023])
def test_other_low_ports_are_refused_unless_allowed(port: int) -> None:
    with pytest.raises(RefusedByPolicyError, match=f"port {port} is not allowed"):
        PUBLIC.refuse(["8.8.8.8"], port)
    with pytest.raises(RefusedByPolicyError, match=f"port {port} is not allowed"):
        refuse_egress(PUBLIC, "logs.example", port)

    EgressPolicy(ports=frozenset({port})).refuse(["8.8.8.8"], port)


def test_the_ports_that_are_allowed_are_told() -> None:
    for policy, said in (
        (PUBLIC, "80, 443, 514, 601"),
        (EgressPolicy(ports=frozenset({9, 465})), "9, 80, 443, 465, 514, 601"),
    ):
        with pytest.raises(RefusedByPolicyError, match=f"below 1024 only {said} are"):
            policy.refuse([], 25)


# What a receiver says.


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("9.9.9.9", False),
        ("::ffff:9.9.9.9", False),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("64:ff9b::a01:203", False),
        ("fe80::1%eth0", False),
        ("nonsense", False),
    ],
)
def test_only_a_public_receiver_that_nobody_has_opened_is_quoted(address: str, may: bool) -> None:
    policy = EgressPolicy(allowed=(ip_network("9.9.9.0/24"), ip_network("10.0.0.0/8")))

    assert policy.may_quote(address) is may


# Ranges.


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.0.0.0/8", "::ffff:10.1.2.3"),
        ("10.0.0.0/8", "64:ff9b::10.1.2.3"),
        ("127.0.0.0/8", "127.0.0.1"),
        ("fd00::/8", "fd12::1"),
        ("169.254.0.0/16", "169.254.1.1"),
        ("169.254.169.254/32", "169.254.169.254"),
        ("64:ff9b:1::/48", "64:ff9b:1::8.8.8.8"),
        ("0.0.0.0/0", "192.168.0.1"),
    ],
)
def test_an_allowed_range_lets_pass(network: str, address: str) -> None:
    EgressPolicy(allowed=(ip_network(network),)).refuse([address], 514)


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("10.0.0.0/8", "172.16.0.1"),
        ("10.0.0.0/8", "2002:a00:1::"),  # 6to4 of 10.0.0.1: an allowed address in a refused one
        ("64:ff9b:1::/48", "64:ff9b:1::10.0.0.1"),  # and the other way round
        ("2002::/16", "2002:a00:1::"),
        ("::/0", "::ffff:10.0.0.1"),
        ("fe80::/10", "fe80::1%lo"),
    ],
)
def test_an_allowed_range_allows_nothing_else(network: str, address: str) -> None:
    assert said_of(EgressPolicy(allowed=(ip_network(network),)), address, 514)


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_a_metadata_service_is_allowed_by_its_address_alone(address: str) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))

    assert said_of(EgressPolicy(allowed=everything), address, 514)
    assert not said_of(EgressPolicy(allowed=(ip_network(address),)), address, 514)


@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_a_denied_range_is_stronger_than_an_allowed_one(address: str) -> None:
    network = (ip_network("8.8.8.0/24"),)

    assert said_of(EgressPolicy(denied=network, allowed=network), address, 514)


def test_a_denied_prefix_of_nat64_closes_what_is_in_it() -> None:
    assert said_of(EgressPolicy(denied=(ip_network("64:ff9b::/96"),)), "64:ff9b::8.8.8.8", 514)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_laptop_mode_allows_loopback_unless_it_is_denied(address: str) -> None:
    loopback = (ip_network("127.0.0.0/8"), ip_network("::1"))

    EgressPolicy(loopback=True).refuse([address], 514)
    assert said_of(EgressPolicy(loopback=True, denied=loopback), address, 514)
    assert said_of(EgressPolicy(loopback=True), "10.0.0.1", 514)
    assert said_of(EgressPolicy(loopback=True), "0.0.0.0", 514)


# What is ours.

OURS = EgressPolicy(
    allowed=(ip_network("0.0.0.0/0"), ip_network("::/0")),
    loopback=True,
    own_ports=frozenset({5000}),
    services=frozenset({("10.0.0.5", 9092), ("127.0.0.1", 6379), ("::ffff:10.0.0.6", 5432)}),
)


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("127.0.0.1", 5000),
        ("127.9.9.9", 5000),
        ("0.0.0.0", 5000),
        ("::1", 5000),
        ("::", 5000),
        ("::ffff:127.0.0.1", 5000),
        ("10.0.0.5", 9092),
        ("::ffff:10.0.0.5", 9092),
        ("64:ff9b::10.0.0.5", 9092),
        ("2002:a00:5::", 9092),
        ("10.0.0.6", 5432),
        ("127.0.0.1", 6379),
        ("127.0.0.2", 6379),  # a service here may listen on every address of this machine
        ("::1", 6379),
    ],
)
def test_our_own_ports_and_services_are_refused_whatever_is_allowed(
    address: str, port: int
) -> None:
    assert said_of(OURS, address, port)


@pytest.mark.parametrize(
    ("address", "port"), [("8.8.8.8", 5000), ("10.0.0.5", 9093), ("10.0.0.7", 9092)]
)
def test_what_only_looks_like_ours_passes(address: str, port: int) -> None:
    assert not said_of(OURS, address, port)


def test_own_ports_are_closed_on_every_address_of_this_machine() -> None:
    found = (entry for entries in psutil.net_if_addrs().values() for entry in entries)
    own = [e.address for e in found if e.family == socket.AF_INET and e.address[:4] != "127."]
    if not own:
        pytest.skip("this machine has only loopback")

    assert said_of(OURS, own[0], 5000)
    assert not said_of(OURS, own[0], 5001)


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("0.0.0.0", True), ("::1", True), ("192.0.2.1", False)],
)
def test_an_address_is_local_when_it_can_be_bound(address: str, local: bool) -> None:
    assert is_local(ip_address(address)) is local


# Nothing is hidden in an IPv6 address.

INSIDE = st.sampled_from(
    [IPv4Network(text) for text in ("127.0.0.0/8", "10.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")]
    + [IPv4Network(f"{address}/32") for address in METADATA if address.version == 4]
).flatmap(lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv4Address))

WRAPPINGS: dict[str, Callable[[int, int], int]] = {
    "mapped": lambda four, _: 0xFFFF << 32 | four,
    "compatible": lambda four, _: four,
    "NAT64": lambda four, _: 0x64FF9B << 96 | four,
    "NAT64 for local use": lambda four, rest: 0x64FF9B0001 << 80 | (rest & 0xFFFF) << 64 | four,
    "6to4": lambda four, rest: 0x2002 << 112 | four << 80 | rest,
    "Teredo client": lambda four, rest: 0x20010000 << 96 | rest << 32 | four ^ 0xFFFFFFFF,
    "Teredo server": lambda four, rest: 0x20010000 << 96 | four << 64 | rest & (1 << 64) - 1,
}

WRAPPERS_ALLOWED = tuple(
    ip_network(text)
    for text in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/80")
)


@given(INSIDE, st.integers(0, (1 << 64) - 1), st.sampled_from(sorted(WRAPPINGS)))
def test_no_wrapping_of_a_refused_address_passes(four: IPv4Address, rest: int, how: str) -> None:
    wrapped = str(IPv6Address(WRAPPINGS[how](int(four), rest)))

    assert said_of(PUBLIC, wrapped, 514)
    assert said_of(EgressPolicy(allowed=WRAPPERS_ALLOWED), wrapped, 514)


@given(st.ip_addresses())
def test_what_passes_is_a_public_address_for_python_too(address: IPv4Address | IPv6Address) -> None:
    if not said_of(PUBLIC, str(address), 514):
        mapped = getattr(address, "ipv4_mapped", None)
        assert (mapped or address).is_global
        assert not address.is_multicast


# From the settings.


def test_the_policy_is_made_of_the_settings(settings: Any) -> None:
    settings.DRAIN_ALLOWED_CIDRS = ["10.0.0.0/8", "fd00::/8"]
    settings.DRAIN_DENIED_CIDRS = ["192.0.2.1"]
    settings.DRAIN_ALLOWED_PORTS = [25]
    settings.PORT, settings.ALS_PORT, settings.METRICS_PORT = 1001, 1002, 1003
    settings.SERVICES = [("kafka", 9092)]
    settings.LAPTOP_MODE = True

    assert egress_policy() == EgressPolicy(
        allowed=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        denied=(ip_network("192.0.2.1"),),
        ports=frozenset({25}),
        loopback=True,
        own_ports=frozenset({1001, 1002, 1003}),
        services=frozenset({("kafka", 9092)}),
    )


def test_a_port_that_a_process_was_told_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drains.selectors._told_ports", set())
    own_port(7007)

    assert 7007 in egress_policy().own_ports
