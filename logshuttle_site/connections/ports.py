"""Twisted's own TCP, but for two things: how many it accepts at once, and when it writes."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import tcp

from logshuttle_site.connections.census import FILES_KEPT_BACK
from logshuttle_site.connections.channel import Channel
from logshuttle_site.connections.unread import unsent_bytes


def listen_on(reactor: Any, listening: socket.socket, factory: Any) -> tcp.Port:
    """Twisted takes a copy of the socket."""
    descriptor, family = listening.fileno(), listening.family
    made: Any = _Port
    port: tcp.Port = made._fromListeningDescriptor(reactor, descriptor, family, factory)
    port.startListening()
    return port


class _Port(tcp.Port):
    """Those who have to go for newcomers give their files back in the next turn: until then what is
    kept back has to do, or Twisted drops the newcomers."""

    @property
    def numberAccepts(self) -> int:  # noqa: N802
        return FILES_KEPT_BACK // 2

    @numberAccepts.setter
    def numberAccepts(self, more: int) -> None:  # noqa: N802
        """Twisted would take more with each turn."""


class PromptConnection(tcp.Server):
    """What is written goes to the kernel at once, as far as it takes it. Twisted itself waits to be
    told that there is room: two calls of epoll and a turn of the loop, a third of a write's cost.
    `channel` is told of its end, whatever protocol it speaks by then."""

    channel: Channel | None = None

    def write(self, data: bytes) -> None:
        if self.connected and not self.TLS and not unsent_bytes(self):
            sent = self.writeSomeData(data)
            if isinstance(sent, int):  # a fault comes again, to where Twisted looks for it
                data = data[sent:]
        super().write(data)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        channel, self.channel = self.channel, None
        if channel is not None:
            channel.goes()
        super().connectionLost(reason)
