"""A drain's route → an open sender for it: a row of the table of transports → its connect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from drains.delivery.network.dialing import Connected, Dialer, attach_udp
from drains.delivery.network.errors import DialError
from drains.delivery.network.heard import Heard
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


class _Wanted(NamedTuple):
    dialer: Dialer
    route: Route
    ended: Ended
    heard: Heard
    patient: bool = False


class Connector:
    """Opens senders through one door, each over a socket that has been connected there."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    async def __call__(
        self, route: Route, ended: Ended, heard: Heard, *, patient: bool = False
    ) -> Sender[Any]:
        """Opens as many connections as the drain is to have. `heard`: what its receiver has said on
        others. `patient`: it may be one that only reads, and is slow to show it. Raises DialError,
        FloodError."""
        heard.check()
        count = route.connections
        if count == 1:
            return await self._one(_Wanted(self._dialer, route, ended, heard, patient))
        bundle: Bundle[Any] = Bundle(ended)
        wanted = _Wanted(self._dialer, route, bundle.one_ended, heard, patient)
        dials = [asyncio.ensure_future(self._one(wanted)) for _ in range(count)]
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
        """Takes over a socket that was connected for this route. Raises DialError, FloodError."""
        return await _open(connected, _Wanted(self._dialer, route, ended, Heard(route.key)))

    async def _one(self, wanted: _Wanted) -> Sender[Any]:
        return await _open(await self._dialer.dial(wanted.route.destination), wanted)


async def _open(connected: Connected, wanted: _Wanted) -> Sender[Any]:
    return await _OPENERS[wanted.route.destination.transport](connected, wanted)


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


async def _tcp(connected: Connected, new: _Wanted) -> Sender[Any]:
    return await TcpSender[Any].begin(connected, new.ended, new.heard, patient=new.patient)


async def _tls(connected: Connected, new: _Wanted) -> Sender[Any]:
    context = _context_for(connected, new.route)
    host = new.route.destination.host
    layer = await new.dialer.handshakes.shake(connected, context, host, new.heard)
    return await TlsSender.begin_tls(connected, layer, new.ended, new.heard)


async def _udp(connected: Connected, new: _Wanted) -> Sender[Any]:
    return await attach_udp(connected, lambda: UdpSender[Any](new.ended))


async def _http(connected: Connected, new: _Wanted) -> Sender[Any]:
    destination, options = new.route.destination, new.route.options
    context = _context_for(connected, new.route) if destination.transport.has_tls else None
    connection = HttpConnection(new.dialer, destination, options.headers, context, new.heard)
    try:
        await connection.open(connected)
    except BaseException:
        await connection.close()
        raise
    return LogplexSender(connection, new.route.drain_id, new.ended)


def _context_for(connected: Connected, route: Route) -> TlsContext:
    try:
        return context_of(route.options.tls)
    except DialError:
        connected.close()
        raise


_OPENERS: dict[Transport, Callable[[Connected, _Wanted], Awaitable[Sender[Any]]]] = {
    TCP: _tcp,
    TLS: _tls,
    UDP: _udp,
    HTTP: _http,
    HTTPS: _http,
}
