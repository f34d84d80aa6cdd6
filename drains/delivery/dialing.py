"""The one door out: every connection to a receiver is made here."""

from __future__ import annotations

import asyncio
import socket

import aiohappyeyeballs

from drains.delivery.errors import DialError, explain
from drains.destination import Destination

CONNECT_SECONDS = 4.0
# The next of a name's addresses is tried beside a silent one after this long.
_NEXT_ADDRESS_SECONDS = 1.0

# Bounds the unread tail that is sent again after a receiver's death.
_SEND_BUFFER_BYTES = 256 * 1024
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


async def dial(destination: Destination) -> socket.socket:
    """A connected, non-blocking TCP socket; the name is resolved anew at each call.

    Raises DialError within `CONNECT_SECONDS`.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connected = await _connect(destination.host, destination.port)
        if not _met_itself(connected):
            return connected
    except (OSError, ValueError) as error:  # ValueError: a name that IDNA or C cannot hold
        raise DialError(explain(error)) from error
    raise DialError("connection refused")


def _met_itself(connected: socket.socket) -> bool:
    """A dead loopback port can be met by the port that the kernel chose for us."""
    try:
        same: bool = connected.getsockname() == connected.getpeername()
    except OSError:
        connected.close()
        raise
    if same:
        connected.close()
    return same


async def _connect(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return await aiohappyeyeballs.start_connection(
        found,
        happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
        socket_factory=_new_socket,
    )


def _new_socket(address: aiohappyeyeballs.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # not on every system
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made
