"""What the system knows of names and addresses. Nothing is sent to an address here."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterable
from typing import Any

from drains.delivery.network.address_table import Address
from drains.delivery.network.errors import NO_SUCH_HOST

_LOOK_UP_SECONDS = 1.0


def is_local(address: Address) -> bool:
    """Is it this machine's own? In doubt, yes."""
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True


def numeric(host: str) -> list[str]:
    """The address that `host` spells, as the system reads it (`127.1`, `0x7f.1`, `2130706433`).

    None for a name. Asks no server.
    """
    try:
        return _addresses(socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST))
    except (OSError, ValueError):
        return []


def addresses_of(host: str) -> list[str]:
    """None where there is no such name. Blocks; raises OSError, or ValueError for odd names."""
    try:
        return _addresses(socket.getaddrinfo(host, None))
    except socket.gaierror as error:
        if error.errno in NO_SUCH_HOST:
            return []
        raise


async def look_up(host: str) -> list[str]:
    """The same without blocking. Raises TimeoutError, a kind of OSError, too."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_LOOK_UP_SECONDS):
        return await loop.run_in_executor(None, addresses_of, host)


def _addresses(found: Iterable[tuple[Any, ...]]) -> list[str]:
    """Each once, of what getaddrinfo answers: its last field begins with the address."""
    return list(dict.fromkeys(str(answer[-1][0]) for answer in found))
