"""Ports for servers that have to be told theirs before they start."""

from __future__ import annotations

import os
import random
import socket
from collections import deque

LOOPBACK = "127.0.0.1"


# Below those that the kernel gives to whoever asks for any: one of these would go to a receiver
# before the server that is to have it listens there. Each process of a test run has its own.
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_RANGE = range(10_000 + _PROCESS, 32_768, _PROCESSES)
_random = random.SystemRandom()  # not seeded by tests
_given: deque[int] = deque(maxlen=200)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port on loopback that nobody listens on, for TCP or (SOCK_DGRAM) for UDP.

    Not one of the last 200 that it gave.
    """
    while True:
        port = _random.choice(_RANGE)
        if port not in _given and _is_free(port, kind):
            _given.append(port)
            return port


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            # A connection to a port of one's own choosing can meet itself.
            return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False
