"""A drain's route → an open sender for it, in one function."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from drains.delivery.network.dialing import Dialer
from drains.delivery.sender import Ended, Sender
from drains.delivery.senders.bundle import Bundle
from drains.delivery.senders.http import LogplexSender
from drains.delivery.senders.http_connection import HttpConnection
from drains.delivery.senders.tcp import TcpSender
from drains.delivery.senders.tls import TlsSender
from drains.delivery.senders.udp import UdpSender
from drains.delivery.wire.logplex import BODY_BYTES_MAX, BODY_LINES_MAX
from drains.routes import Route


class BatchLimits(NamedTuple):
    """How much becomes one write: whichever comes first."""

    bytes: int
    lines: int
    seconds: float


_STREAM = BatchLimits(16 * 1024, 1_000_000, 0.05)
_REQUEST = BatchLimits(BODY_BYTES_MAX, BODY_LINES_MAX, 0.5)


def batch_limits_of(route: Route) -> BatchLimits:
    """A request costs a receiver more than a write, so requests are larger and rarer."""
    return _REQUEST if route.destination.is_web else _STREAM


class Connector:
    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    async def __call__(self, route: Route, ended: Ended) -> Sender[Any]:
        """Opens as many connections as the drain is to have. Raises DialError."""
        count = connections_of(route)
        if count == 1:
            return await self._one(route, ended)
        bundle: Bundle[Any] = Bundle(ended)
        dials = [asyncio.ensure_future(self._one(route, bundle.one_ended)) for _ in range(count)]
        try:
            answers = await asyncio.gather(*dials, return_exceptions=True)
        except asyncio.CancelledError:
            for dial in dials:
                dial.add_done_callback(_abort)
            raise
        errors = [answer for answer in answers if isinstance(answer, BaseException)]
        senders = [answer for answer in answers if not isinstance(answer, BaseException)]
        if errors:
            for sender in senders:
                sender.abort()
            raise errors[0]
        bundle.adopt(senders)
        return bundle

    async def _one(self, route: Route, ended: Ended) -> Sender[Any]:
        dialer, destination, tls = self._dialer, route.destination, route.options.tls
        match destination.scheme:
            case "syslog":
                return await TcpSender.connect(dialer, destination, ended)
            case "syslog+tls":
                return await TlsSender.connect_tls(dialer, destination, tls, ended)
            case "syslog+udp":
                return await UdpSender.connect(dialer, destination, ended)
            case _:
                connection = HttpConnection(dialer, destination, route.options.headers, tls)
                return await LogplexSender.connect(connection, route.drain_id, ended)


def _abort(dial: asyncio.Future[Sender[Any]]) -> None:
    """A connection that nobody waits for any more."""
    if not dial.cancelled() and dial.exception() is None:
        dial.result().abort()


def connections_of(route: Route) -> int:
    """A UDP socket more would change nothing."""
    return 1 if route.destination.is_udp else route.options.connections


def way_of(route: Route) -> tuple[object, ...]:
    """What a connection is made for: with another, a new one is needed."""
    options = route.options
    return (
        route.destination,
        options.tls,
        options.headers,
        options.framing,
        options.format,
        connections_of(route),
    )
