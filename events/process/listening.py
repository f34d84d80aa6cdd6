"""What a process listens on: all addresses of both families, unless it is told one."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

ALL_OF_IPV6 = "::"
PORT_MAX = 65535
_NAMES = {
    None: ("0.0.0.0", ALL_OF_IPV6),  # noqa: S104 - who wants less says so
    "localhost": ("127.0.0.1", "::1"),
}
"""What stands for an address of each family; one of a family that is not there is left out."""
_NOT_THERE = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class ListenError(Exception):
    """Its text names the setting or option, and says why not: one line."""


def listen(host: str | None, port: int, setting: str) -> list[socket.socket]:
    """Sockets that listen, of one address each. `host`: an address or a name of this machine; None
    and `::` are all addresses, `localhost` is 127.0.0.1 and ::1. `setting`: what the port is called
    where people set it. Raises ListenError."""
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in _addresses(host, port, setting):
        try:
            sockets.append(_listening(family, address))
        except OSError as error:
            if error.errno not in _NOT_THERE:
                close_all(sockets)
                raise ListenError(_why_not(error, host, port, setting)) from error
            missing = error
    if missing is not None and not sockets:
        raise ListenError(_why_not(missing, host, port, setting))
    return sockets


def close_all(sockets: list[socket.socket]) -> None:
    for listening in sockets:
        listening.close()


def urls_of(sockets: list[socket.socket]) -> str:
    """Where it is served, in words."""
    return " and ".join(f"http://{place_of(listening)}" for listening in sockets)


def place_of(listening: socket.socket) -> str:
    """`127.0.0.1:5000`, `[::1]:5000`."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if listening.family == socket.AF_INET6 else f"{host}:{port}"


def _addresses(host: str | None, port: int, setting: str) -> list[tuple[int, Any]]:
    """Families, and what `bind` takes. Raises ListenError."""
    if host == "":
        raise ListenError("--host is empty: leave it out to listen on all addresses")
    if not 0 <= port <= PORT_MAX:
        raise ListenError(f"{setting} {port}: ports end at {PORT_MAX}")
    host = host and host.strip("[]")
    names = _NAMES.get(None if host == ALL_OF_IPV6 else host) or (str(host),)
    found: list[tuple[int, Any]] = []
    try:
        for name in names:
            told = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            found += [(family, address) for family, _, _, _, address in told]
    except (OSError, UnicodeError) as error:
        raise ListenError(f"--host {host}: no address of that name is known") from error
    return list(dict.fromkeys(found))


def _listening(family: int, address: Any) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # IPv4 has a socket of its own, and clients their address
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(socket.SOMAXCONN)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _why_not(error: OSError, host: str | None, port: int, setting: str) -> str:
    if error.errno in _NOT_THERE:
        return f"--host {host}: this machine has no such address"
    if error.errno == errno.EACCES:
        return f"{setting} {port}: Permission denied: ports below 1024 are not for every user"
    at = "" if host is None else f" at {host}"
    return f"{setting} {port}: {os.strerror(error.errno or 0)}{at}"
