"""Ports that the kernel names."""

from __future__ import annotations

import socket
from collections import deque

LOOPBACK = "127.0.0.1"


# The kernel may name a port again before the first server that was to have it listens there.
_given: deque[int] = deque(maxlen=200)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port on loopback that nobody listens on, for TCP or (SOCK_DGRAM) for UDP.

    Not one of the last 200 that it gave.
    """
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.append(port)
            return port


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            # A connection to a port of one's own choosing can meet itself.
            return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False
