"""Ports that the kernel names."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port on loopback that nobody listens on, for TCP or (SOCK_DGRAM) for UDP."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            # A connection to a port of one's own choosing can meet itself.
            return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False
