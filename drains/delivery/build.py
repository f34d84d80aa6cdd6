"""A drain's route → an open sender for it: a row of the table of transports → its connect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from drains.delivery.network.dialing import Connected, Dialer, attach_udp
from drains.delivery.network.errors import DialError
from drains.delivery.network.tls import TlsContext, context_of
from drains.delivery.sender import Ended, Sender
from drains.delivery.senders.bundle import Bundle
from drains.delivery.senders.http import LogplexSender
from drains.delivery.senders.http_connection import HttpConnection
from drains.delivery.senders.tcp import TcpSender
from drains.delivery.senders.tls import TlsSender
from drains.delivery.senders.udp import UdpSender
from drains.routes import Route
from drains.transports import HTTP, HTTPS, TCP, TLS, UDP, Transport


class _Opening(NamedTuple):
    connected: Connected
    route: Route
    ended: Ended
    dialer: Dialer
    patient: bool = False


class Connector:
    """Opens senders through one door, each over a socket that has been connected there."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    async def __call__(self, route: Route, ended: Ended, *, patient: bool = False) -> Sender[Any]:
        """Opens as many connections as the drain is to have. `patient`: its receiver may be one
        that only reads, and is slow to show it. Raises DialError."""
        count = route.connections
        if count == 1:
            return await self._one(route, ended, patient)
        bundle: Bundle[Any] = Bundle(ended)
        one_ended = bundle.one_ended
        dials = [asyncio.ensure_future(self._one(route, one_ended, patient)) for _ in range(count)]
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

    async def over(self, connected: Connected, route: Route, ended: Ended) -> Sender[Any]:
        """Takes over a socket that was connected for this route. Raises DialError."""
        return await self._open(_Opening(connected, route, ended, self._dialer))

    async def _one(self, route: Route, ended: Ended, patient: bool) -> Sender[Any]:
        connected = await self._dialer.dial(route.destination)
        return await self._open(_Opening(connected, route, ended, self._dialer, patient))

    async def _open(self, opening: _Opening) -> Sender[Any]:
        return await _OPENERS[opening.route.destination.transport](opening)


def _abort(dial: asyncio.Future[Sender[Any]]) -> None:
    """A connection that nobody waits for any more."""
    if not dial.cancelled() and dial.exception() is None:
        dial.result().abort()


def way_of(route: Route) -> tuple[object, ...]:
    """What a connection is made for: with another, a new one is needed."""
    options = route.options
    return (
        route.destination,
        options.tls,
        options.headers,
        options.framing,
        options.format,
        route.connections,
    )


async def _tcp(new: _Opening) -> Sender[Any]:
    return await TcpSender[Any].begin(new.connected, new.ended, patient=new.patient)


async def _tls(new: _Opening) -> Sender[Any]:
    context = _context_for(new.connected, new.route)
    host = new.route.destination.host
    return await TlsSender.begin_tls(new.connected, context, host, new.ended)


async def _udp(new: _Opening) -> Sender[Any]:
    return await attach_udp(new.connected, lambda: UdpSender[Any](new.ended))


async def _http(new: _Opening) -> Sender[Any]:
    connected, route = new.connected, new.route
    destination = route.destination
    context = _context_for(connected, route) if destination.transport.has_tls else None
    connection = HttpConnection(new.dialer, destination, route.options.headers, context)
    try:
        await connection.open(connected)
    except BaseException:
        await connection.close()
        raise
    return LogplexSender(connection, route.drain_id, new.ended)


def _context_for(connected: Connected, route: Route) -> TlsContext:
    try:
        return context_of(route.options.tls)
    except DialError:
        connected.close()
        raise


_OPENERS: dict[Transport, Callable[[_Opening], Awaitable[Sender[Any]]]] = {
    TCP: _tcp,
    TLS: _tls,
    UDP: _udp,
    HTTP: _http,
    HTTPS: _http,
}
