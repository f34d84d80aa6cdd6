"""Where the demo listens: on loopback, and never where somebody else does."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"
RECEIVERS = ("tcp", "tls", "http", "https", "breaking")
"""The receivers, one port behind the other; UDP has the number of TCP."""

_DEFAULTS = {
    "web": (5000, "--port or PORT"),
    "metrics": (9102, "--metrics-port or METRICS_PORT"),
    "kafka": (9092, "--kafka-port"),
    "tcp": (5514, "--receiver-port"),
}


class PortsTakenError(Exception):
    """Names each port that was asked for and is another's, with its setting."""


@dataclass(frozen=True)
class DemoPorts:
    web: int
    metrics: int
    kafka: int
    receivers: Mapping[str, int]
    moved: tuple[str, ...] = ()
    """A sentence on each that is not where one would look for it."""


def choose_ports(asked: Mapping[str, int | None]) -> DemoPorts:
    """`asked` for `web`, `metrics`, `kafka`, `tcp`; None is the default, or a free one near it.

    Raises PortsTakenError.
    """
    settings = {name: setting for name, (_, setting) in _DEFAULTS.items()}
    taken = [
        f"port {port} is taken: choose another with {settings[name]}"
        for name, port in asked.items()
        if port is not None and not _is_free(port, over_udp=name == "tcp")
    ]
    if taken:
        raise PortsTakenError("\n".join(taken))
    chosen: dict[str, int] = {}
    moved = []
    for name, (default, setting) in _DEFAULTS.items():
        chosen[name] = asked.get(name) or _free_from(default, chosen)
        if not asked.get(name) and chosen[name] != default:
            moved.append(f"port {default} is taken, so {chosen[name]} it is ({setting})")
    for name, before in zip(RECEIVERS[1:], RECEIVERS, strict=False):
        chosen[name] = _free_from(chosen[before] + 1, chosen)
    receivers = {name: chosen[name] for name in RECEIVERS}
    return DemoPorts(chosen["web"], chosen["metrics"], chosen["kafka"], receivers, tuple(moved))


def _free_from(port: int, chosen: Mapping[str, int]) -> int:
    """The first free one from there on, else any that the kernel has."""
    near = (each for each in _near(port) if each not in chosen.values() and _is_free(each))
    return next(near, 0) or _any_free()


def _near(port: int) -> Iterator[int]:
    return iter(range(port, min(port + 20, 65_536)))


def _is_free(port: int, *, over_udp: bool = True) -> bool:
    is_free = _binds(port, socket.SOCK_STREAM, socket.SO_REUSEADDR)
    return is_free and (not over_udp or _binds(port, socket.SOCK_DGRAM, 0))


def _binds(port: int, kind: socket.SocketKind, option: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if option:
            probe.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
