"""Where drains may send to: a policy that is asked at each connect and when a URL is set.

Refusals have one text for every address, so that nobody can find our services by asking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from drains.delivery.network.address_table import METADATA, Address, Network, is_public, meanings
from drains.delivery.network.errors import DialError, RefusedByPolicyError
from drains.delivery.network.lookups import is_local, look_up

_PRIVILEGED = 1024
_PORTS = frozenset({80, 443, 514, 601})
_ADDRESS_REFUSED = "the address is private, reserved or closed by the operator"


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """By default: public addresses only."""

    allowed: tuple[Network, ...] = ()
    """May be sent to although they are not public. A metadata service only by its address alone."""
    denied: tuple[Network, ...] = ()
    """Stronger than `allowed`."""
    ports: frozenset[int] = frozenset()
    """Below 1024, beside 80, 443, 514 and 601."""
    loopback: bool = False
    own_ports: frozenset[int] = frozenset()
    """What we listen on: never a drain on any address of this machine."""
    services: frozenset[tuple[str, int]] = frozenset()
    """Host and port of Kafka, Redis, the database: never a drain."""

    def refuse(self, addresses: Iterable[str], port: int, protected: Collection[str] = ()) -> None:
        """The decision, for all answers of a name: one that is refused refuses the lot.

        Without an address the port alone is judged. `protected`: the addresses that
        `named_services(port)` have. Raises RefusedByPolicyError.
        """
        if port < _PRIVILEGED and port not in _PORTS | self.ports:
            allowed = ", ".join(map(str, sorted(_PORTS | self.ports)))
            why = f"port {port} is not allowed: below {_PRIVILEGED} only {allowed} are"
            raise RefusedByPolicyError(why)
        for address in addresses:
            given = _parsed(address)
            meant = meanings(given)
            if (
                self._is_ours(meant, port, protected)
                or any(form in network for form in (given, *meant) for network in self.denied)
                or not all(self._admits(one) for one in meant)
            ):
                raise RefusedByPolicyError(_ADDRESS_REFUSED)

    async def refuse_all(self, addresses: Iterable[tuple[str, int]]) -> None:
        """The same at a connect, for answers as (address, port).

        Raises RefusedByPolicyError; DialError when it cannot be known within a second.
        """
        found: dict[int, list[str]] = {}
        for address, port in addresses:
            found.setdefault(port, []).append(address)
        for port, theirs in found.items():
            self.refuse(theirs, port, await self._look_up_services(port))

    def may_quote(self, address: str) -> bool:
        """Whether an owner may read what is answered there. Of a network that only the operator
        has opened, an owner learns whether it works."""
        literal = _literal(address)
        return literal is not None and all(
            is_public(one) and not any(one in network for network in self.allowed)
            for one in meanings(literal)
        )

    def named_services(self, port: int) -> frozenset[str]:
        """Services on this port that have to be resolved before an address can be compared."""
        hosts = {host for host, theirs in self.services if theirs == port}
        return frozenset(host for host in hosts if _literal(host) is None)

    async def _look_up_services(self, port: int) -> list[str]:
        try:
            return [found for host in self.named_services(port) for found in await look_up(host)]
        except (OSError, ValueError) as error:
            raise DialError("name look-up failed") from error

    def _is_ours(self, meant: Iterable[Address], port: int, protected: Collection[str]) -> bool:
        hosts = [host for host, theirs in self.services if theirs == port]
        literals = [found for host in (*hosts, *protected) if (found := _literal(host))]
        services = {form for literal in literals for form in meanings(literal)}
        is_here = port in self.own_ports or any(is_local(service) for service in services)
        return any(one in services or (is_here and is_local(one)) for one in meant)

    def _admits(self, address: Address) -> bool:
        lone_only = address in METADATA
        for network in self.allowed:
            if address in network and not (lone_only and network.num_addresses > 1):
                return True
        return (self.loopback and address.is_loopback) or is_public(address)


def _parsed(address: str) -> Address:
    found = _literal(address)
    # A zone names a network interface of this machine: no receiver of a tenant is there.
    if found is None or (isinstance(found, IPv6Address) and found.scope_id is not None):
        raise RefusedByPolicyError(_ADDRESS_REFUSED)
    return found


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
