"""Whether a worker can be connected to all drains at once: to be said before a dial fails."""

from __future__ import annotations

import logging
import resource
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from drains.routes import Route

logger = logging.getLogger(__name__)

OWN_FILES = 256
"""What a worker needs beside: Kafka's and the database's connections, and those of look-ups."""
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def open_files_max() -> int | None:
    """None: as many as it likes."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def local_ports() -> int | None:
    """So many connections may there be to one address and port; None: nobody knows (not Linux)."""
    with suppress(OSError, ValueError):
        first, last = map(int, PORT_RANGE.read_text(encoding="ascii").split())
        return last - first + 1
    return None


def warn_of_shortage(routes: Iterable[Route]) -> None:
    """Of these drains, should all of them have lines."""
    needed: Counter[tuple[str, int]] = Counter()
    for route in routes:
        if not route.rests:
            needed[route.destination.address] += route.connections
    files, ports = open_files_max(), local_ports()
    if files is not None and needed.total() > files - OWN_FILES:
        logger.warning(
            "%d connections to drains may be needed, and %d files may be open (RLIMIT_NOFILE)",
            needed.total(),
            files,
            extra={"action": "few_files"},
        )
    for (host, port), count in needed.most_common(1):
        if ports is not None and count > ports:
            logger.warning(
                "%d connections to %s:%d may be needed, and there are %d local ports"
                " (net.ipv4.ip_local_port_range)",
                count,
                host,
                port,
                ports,
                extra={"action": "few_ports"},
            )
