"""Sends one test line to a drain's receiver and tells what happened at each step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from drains.delivery.build import Connector
from drains.delivery.network.dialing import (
    CONNECT_SECONDS,
    Addresses,
    Connected,
    Dialer,
)
from drains.delivery.network.errors import DeliveryError, explain
from drains.delivery.network.handshakes import HANDSHAKE_SECONDS
from drains.delivery.network.kernel import has_shut
from drains.delivery.sender import Sender
from drains.delivery.wire.rfc5424 import PRI_AND_VERSION, framed, header_of, wire_format_of
from drains.routes import Route
from drains.transports import TCP
from events.formats.timestamps import rfc5424_time
from events.lines import Origin, Severity

SEND_SECONDS = 10.0
HEAR_SECONDS = 0.3
"""After the line has gone out: a refusal of it comes as a reset, an end or an ICMP message."""
_LOOK_SECONDS = 0.02
_TAG = "logshuttle"
_TEXT = "Test line from Log shuttle"

_NOBODY_ASKED = "UDP has no connections: nobody was asked"
_SENT = {
    "answer": "accepted",
    "kernel": "received; syslog cannot tell more",
    "nothing": "handed to the network: UDP has no answer",
}
"""What a success says, by who confirms it."""
_ONLY_READS = "received; the receiver only reads: it has shut its own direction"


@dataclass(frozen=True, slots=True)
class Step:
    step: Literal["resolve", "connect", "tls", "send"]
    ok: bool
    ms: int
    detail: str


@dataclass(frozen=True, slots=True)
class _TestWrite:
    name: str
    unanswered: int = 0

    def joined(self, _: _TestWrite) -> _TestWrite:
        return self  # there is no other


_Sender = Sender[_TestWrite]


class Trial:
    """Its own connection, for one line; drain and worker are left alone."""

    def __init__(self, dialer: Dialer, route: Route) -> None:
        self._dialer = dialer
        self._route = route
        self._transport = route.destination.transport
        self._steps: list[Step] = []
        self._ended: list[Exception | None] = []

    async def run(self) -> list[Step]:
        """The steps that were taken, in order: all went well but, perhaps, the last."""
        with suppress(DeliveryError):  # its step says so
            connected = await self._connect(await self._resolve())
            if self._transport.has_tls:
                async with self._step("tls", HANDSHAKE_SECONDS + 1) as said:
                    sender = await self._open(connected)
                    said.append("certificate and name are good")
            else:
                sender = await self._open(connected)
            await self._send(sender, connected)
        return self._steps

    async def _resolve(self) -> Addresses:
        async with self._step("resolve", CONNECT_SECONDS) as said:
            addresses = await self._dialer.resolve(self._route.destination)
            said += dict.fromkeys(str(address[-1][0]) for address in addresses)
        return addresses

    async def _connect(self, addresses: Addresses) -> Connected:
        async with self._step("connect", CONNECT_SECONDS) as said:
            connected = await self._dialer.connect(addresses)
            asked = self._transport.connects
            said.append(str(connected.getpeername()[0]) if asked else _NOBODY_ASKED)
        return connected

    async def _open(self, connected: Connected) -> _Sender:
        return await Connector(self._dialer).over(connected, self._route, self._ended.append)

    async def _send(self, sender: _Sender, connected: Connected) -> None:
        try:
            async with self._step("send", SEND_SECONDS) as said:
                sender.send((self._test_line(),), _TestWrite(self._route.drain_id))
                await self._confirmed(sender, connected)
                said.append(_SENT[self._transport.confirmed_by])
            if not self._transport.answers:
                await self._hear(sender, connected)
        except BaseException:
            sender.abort()
            raise
        else:
            sender.close()
        finally:
            await sender.wait_closed()

    async def _confirmed(self, sender: _Sender, connected: Connected) -> None:
        loop = asyncio.get_running_loop()
        while not sender.confirm(loop.time()):
            self._look(sender, connected)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _hear(self, sender: _Sender, connected: Connected) -> None:
        """What a receiver says that has got the line: the step may yet have gone wrong."""
        loop = asyncio.get_running_loop()
        until = loop.time() + HEAR_SECONDS
        sent = self._steps[-1]
        try:
            while loop.time() < until:
                if self._look(sender, connected):
                    self._steps[-1] = replace(sent, detail=_ONLY_READS)
                await asyncio.sleep(_LOOK_SECONDS)
        except DeliveryError as error:
            self._steps[-1] = replace(sent, ok=False, detail=str(error))

    def _look(self, sender: _Sender, connected: Connected) -> bool:
        """Whether the receiver only reads. Raises DeliveryError when it refuses, or is gone."""
        if self._ended:
            why = self._ended[0]
            raise DeliveryError(explain(why) if why else "connection closed by the receiver")
        if sender.trouble:
            raise DeliveryError(sender.trouble)
        try:
            return self._transport is TCP and has_shut(connected)
        except OSError as error:  # asyncio looks no more once there was an end
            raise DeliveryError(explain(error)) from error

    def _test_line(self) -> bytes:
        wire = wire_format_of(self._route)
        header = header_of(Origin(self._route.key, _TAG, "app"), wire)
        now = rfc5424_time(datetime.now(UTC).isoformat())
        return framed([f"{PRI_AND_VERSION[Severity.INFO]}{now}{header}{_TEXT}"], wire).data

    @asynccontextmanager
    async def _step(
        self, name: Literal["resolve", "connect", "tls", "send"], limit_seconds: float
    ) -> AsyncIterator[list[str]]:
        """Takes down how it went; what is put into its list is the detail of a success."""
        said: list[str] = []
        began = time.perf_counter()
        try:
            async with asyncio.timeout(limit_seconds):
                yield said
        except (DeliveryError, TimeoutError) as error:
            self._add(name, False, began, explain(error))
            raise DeliveryError(explain(error)) from error
        self._add(name, True, began, ", ".join(said))

    def _add(
        self, name: Literal["resolve", "connect", "tls", "send"], ok: bool, began: float, said: str
    ) -> None:
        self._steps.append(Step(name, ok, round((time.perf_counter() - began) * 1000), said))
