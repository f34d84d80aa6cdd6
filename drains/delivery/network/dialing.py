"""The one door out: every connection to a receiver is made here, to addresses that were checked.

A name is looked up anew for each connection, and what is connected to is the very address that
the egress policy has seen: a name that changes its mind in between changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import aiohappyeyeballs

from drains.delivery.network.egress import EgressPolicy
from drains.delivery.network.errors import OURS, DialError, ShortageError, explain
from drains.delivery.network.handshakes import Handshakes
from drains.delivery.network.heard import Heard
from drains.delivery.network.kernel import take_nothing
from drains.delivery.network.reading import Pieces, ProtocolT
from drains.destination import Destination

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 4.0
TELL_SECONDS = 60.0
# The next of a name's addresses is tried beside a silent one after this long.
_NEXT_ADDRESS_SECONDS = 1.0

# Bounds the unread tail that is sent again after a receiver's death.
_SEND_BUFFER_BYTES = 256 * 1024
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

Addresses = Sequence[aiohappyeyeballs.AddrInfoType]
Connected = socket.socket
DatagramT = TypeVar("DatagramT", bound=asyncio.DatagramProtocol)


class Dialer:
    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._told_at: dict[str, float] = {}
        self._looking_up: dict[tuple[str, int, int], asyncio.Task[Addresses]] = {}
        self.handshakes = Handshakes()

    async def dial(self, destination: Destination) -> socket.socket:
        """A socket connected to one of the name's addresses. Raises DialError within 4 s."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self.connect(await self.resolve(destination))
        except TimeoutError as error:
            raise DialError("timed out") from error

    async def resolve(self, destination: Destination) -> Addresses:
        """The name's addresses, each of which may be sent to. Raises DialError."""
        kind = socket.SOCK_STREAM if destination.transport.connects else socket.SOCK_DGRAM
        try:
            found = await self._look_up(destination.host, destination.port, kind)
        except ValueError as error:  # what IDNA or C cannot hold
            raise DialError(explain(error)) from error
        except OSError as error:
            raise self._failed(_shortage() or error) from error
        await self._policy.refuse_all((str(answer[-1][0]), destination.port) for answer in found)
        return found

    async def _look_up(self, host: str, port: int, kind: int) -> Addresses:
        """One look-up a name at a time, whoever asks: a slow one keeps a thread busy."""
        asked = (host, port, kind)
        task = self._looking_up.get(asked)
        if task is None:
            loop = asyncio.get_running_loop()
            task = loop.create_task(loop.getaddrinfo(host, port, type=kind), name="look up")
            self._looking_up[asked] = task
            task.add_done_callback(lambda done: self._looked_up(asked, done))
        return await asyncio.shield(task)

    def _looked_up(self, asked: tuple[str, int, int], done: asyncio.Task[Addresses]) -> None:
        del self._looking_up[asked]
        if not done.cancelled():
            done.exception()  # nobody may have waited so long

    def may_quote(self, connected: socket.socket) -> bool:
        """Whether what the receiver at the other end says may be shown."""
        try:
            return self._policy.may_quote(str(connected.getpeername()[0]))
        except OSError:  # it is closed by now
            return False

    async def connect(self, addresses: Addresses) -> socket.socket:
        """Connected to the first of these that answers; of datagrams to the first. Raises
        DialError."""
        try:
            if addresses[0][1] == socket.SOCK_DGRAM:
                return _connect_udp(addresses[0])
            connected = await aiohappyeyeballs.start_connection(
                addresses,
                happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                socket_factory=_new_tcp_socket,
            )
            if _met_itself(connected):
                raise DialError("connection refused")
        except OSError as error:
            raise self._failed(error) from error
        return connected

    def _failed(self, error: OSError) -> DialError:
        said = explain(error)
        if error.errno not in OURS:
            return DialError(said)
        now = time.monotonic()
        if now - self._told_at.get(said, -math.inf) > TELL_SECONDS:  # it is that of many drains
            self._told_at[said] = now
            logger.error("Drains cannot be dialled: %s", said, extra={"action": "shortage"})
        return ShortageError(said)


def _connect_udp(address: aiohappyeyeballs.AddrInfoType) -> socket.socket:
    made = _non_blocking(*address[:3])
    try:
        take_nothing(made)  # a datagram that came in would cost us a turn of the loop
        made.connect(address[-1])
    except OSError:
        made.close()
        raise
    return made


def _shortage() -> OSError | None:
    """A look-up does not say that it had no file to ask with."""
    try:
        socket.socket().close()
    except OSError as error:
        return error
    return None


async def attach(
    connected: socket.socket, protocol: Callable[[], ProtocolT], heard: Heard
) -> ProtocolT:
    """Give a connected socket to asyncio. Raises DialError."""
    loop = asyncio.get_running_loop()
    try:
        _, reader = await loop.create_connection(
            lambda: Pieces(protocol(), heard.owner), sock=connected
        )
    except OSError as error:  # it was reset while we took it over
        raise DialError(explain(error)) from error
    return reader.above


async def attach_udp(connected: socket.socket, protocol: Callable[[], DatagramT]) -> DatagramT:
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(protocol, sock=connected)
    return made


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


def _new_tcp_socket(address: aiohappyeyeballs.AddrInfoType) -> socket.socket:
    made = _non_blocking(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # not on every system
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made


def _non_blocking(family: int, kind: int, protocol: int) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    return made
