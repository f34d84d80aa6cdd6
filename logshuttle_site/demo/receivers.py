"""Receivers of every kind, and one that fails for a minute in five."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterator, Mapping

from aiohttp import web

from logshuttle_site.demo.ports import HOST

BREAK_SECONDS = 60.0
CALM_SECONDS = 240.0
FIRST_CALM_SECONDS = 60.0
_AGAIN_SECONDS = 0.5
_PIECE_BYTES = 1 << 16
_BODY_BYTES = 1 << 20

Show = Callable[[str], None]


class Receivers:
    """Show what arrives: a record each, as text. Raise OSError where they cannot listen."""

    def __init__(self, ports: Mapping[str, int], tls: ssl.SSLContext, show: Show) -> None:
        self._ports = ports
        self._tls = tls
        self._show = show
        self.breaking = BreakingReceiver(ports["breaking"], show)
        self._closing = contextlib.AsyncExitStack()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        for name, tls in (("tcp", None), ("tls", self._tls)):
            listener = SyslogListener(self._show)
            await listener.open(self._ports[name], tls)
            self._closing.push_async_callback(listener.close)
        datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._show), (HOST, self._ports["tcp"])
        )
        self._closing.callback(datagrams.close)
        await self._serve_http()
        await self.breaking.open()
        self._closing.push_async_callback(self.breaking.close)

    async def stop(self) -> None:
        await self._closing.aclose()

    async def _serve_http(self) -> None:
        application = web.Application(client_max_size=_BODY_BYTES)
        application.router.add_post("/break", self._break)
        application.router.add_post("/{name}", self._take)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, HOST, self._ports["http"]).start()
        await web.TCPSite(runner, HOST, self._ports["https"], ssl_context=self._tls).start()

    async def _take(self, request: web.Request) -> web.Response:
        for record in records_of(bytearray(await request.read())):
            self._show(record)
        return web.Response(status=204)

    async def _break(self, request: web.Request) -> web.Response:
        self.breaking.break_now.set()
        return web.Response(text=f"It fails now, for {BREAK_SECONDS:.0f} s.\n")


class SyslogListener:
    """Syslog over TCP, with TLS where there is a context; records with lengths or newlines."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._read, HOST, port, ssl=tls)

    async def close(self) -> None:
        """Nobody gets in any more, and who is in is cut off."""
        if self._server is not None:
            self._server.close()
            self._server = None
        writers = list(self._writers)
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(each.wait_closed() for each in writers), return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # closed while this one was on its way in
            writer.transport.abort()
            return
        self._writers.add(writer)
        gathered = bytearray()
        # A task that is cancelled with its loop would be printed as a fault of ours.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while piece := await reader.read(_PIECE_BYTES):
                gathered += piece
                for record in records_of(gathered):
                    self._show(record)
        self._writers.discard(writer)
        writer.close()


class BreakingReceiver:
    """Fails now and then, and at once when `break_now` is set."""

    def __init__(self, port: int, show: Show) -> None:
        self._port = port
        self._listener = SyslogListener(show)
        self.break_now = asyncio.Event()

    async def open(self) -> None:
        await self._listener.open(self._port)

    async def close(self) -> None:
        await self._listener.close()

    async def run(self) -> None:
        """Until cancelled."""
        calm = FIRST_CALM_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.break_now.wait(), calm)
            await self.close()
            await asyncio.sleep(BREAK_SECONDS)
            await self._open_again()
            self.break_now.clear()
            calm = CALM_SECONDS

    async def _open_again(self) -> None:
        """Somebody else may have taken the port meanwhile."""
        while True:
            try:
                return await self.open()
            except OSError:
                await asyncio.sleep(_AGAIN_SECONDS)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, show: Show) -> None:
        self._show = show

    def datagram_received(self, data: bytes, _: object) -> None:
        self._show(data.decode(errors="replace").rstrip("\n"))


def records_of(gathered: bytearray) -> Iterator[str]:
    """Takes whole records from the front: those with their length before, or up to a newline."""
    while gathered:
        head, separator, _ = gathered.partition(b" " if gathered[:1].isdigit() else b"\n")
        if not separator:
            return
        begin, end = 0, len(head)
        if separator == b" ":
            begin, end = len(head) + 1, len(head) + 1 + int(head)
            if len(gathered) < end:
                return
        record = gathered[begin:end].decode(errors="replace").rstrip("\n")
        del gathered[: end + (separator == b"\n")]
        yield record
