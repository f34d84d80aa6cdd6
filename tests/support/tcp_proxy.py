"""A TCP proxy in front of a server on a unix socket, which a test makes refuse, hang or lag."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import weakref
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from tests.support.ports import LOOPBACK, free_port

_ANSWER_SECONDS = 10.0


class TcpProxy:
    """Passes everything on from entering on. Its port stays the same."""

    def __init__(self, unix_socket: str) -> None:
        self.port = free_port()
        self._unix_socket = unix_socket
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy")
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self._silent: weakref.WeakSet[asyncio.Task[None]] = weakref.WeakSet()
        self._flowing = asyncio.Event()
        self._delay_seconds = 0.0
        self._tls: ssl.SSLContext | None = None

    def work(self) -> None:
        """As if nothing were between."""
        self._ask(self._work(0.0))

    def delay(self, seconds: float) -> None:
        """Each piece of data comes this much later, in both directions."""
        self._ask(self._work(seconds))

    def speak(self, tls: ssl.SSLContext | None) -> None:
        """TLS, or none, from now on; connections that are there end."""
        self.refuse()
        self._tls = tls
        self.work()

    def hang(self) -> None:
        """Connections stay, new ones are taken, and no data passes: a host that went away."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def silence(self) -> None:
        """Of connections that are open by now nothing passes any more, nor that they end; new ones
        work: a failover, or a router that forgot the old ones. `work` does not bring them back."""
        self._ask(self._silence())

    def refuse(self) -> None:
        """Every connection ends, and new ones are refused."""
        self._ask(self._refuse())

    def __enter__(self) -> Self:
        self._thread.start()
        self.work()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _ask(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_SECONDS)

    async def _work(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, LOOPBACK, self.port, ssl=self._tls
            )

    async def _silence(self) -> None:
        self._silent.update(self._pumps)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        pumps = set(self._pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(self._unix_socket)
        except OSError:
            writer.close()
            return
        self._pump(reader, far_writer)
        self._pump(far_reader, writer)

    def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(source, target))
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), contextlib.closing(target):
            while data := await source.read(65536):
                await self._flowing.wait()
                await self._unless_silent()
                if self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                target.write(data)
                await target.drain()
            await self._unless_silent()

    async def _unless_silent(self) -> None:
        if asyncio.current_task() in self._silent:
            await asyncio.Event().wait()
