"""A syslog receiver that shows what arrives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable


class ShowingReceiver:
    """Listens on loopback; calls `show` with each record, as text."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """The port it listens on. Raises OSError when `port` is taken."""
        self._server = await asyncio.start_server(self._read, "127.0.0.1", port, limit=1 << 20)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task that is cancelled with its loop would be printed as a fault of ours.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            async for line in reader:
                self._show(line.decode(errors="replace").rstrip("\n"))
        writer.close()
