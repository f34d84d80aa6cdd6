"""A server on a Unix socket, reached by TCP on loopback, with TLS or without."""

from __future__ import annotations

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 65_536


@contextmanager
def forwarded_to(path: Path, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port, until the block ends."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(lambda r, w: _serve(r, w, path), "127.0.0.1", 0, ssl=context)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_all_ended(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(reader: StreamReader, writer: StreamWriter, path: Path) -> None:
    ours = None
    try:
        theirs, ours = await asyncio.open_unix_connection(path)
        await asyncio.gather(_pump(reader, ours), _pump(theirs, writer))
    except OSError:
        pass  # one of the two has gone
    finally:
        for each in filter(None, (writer, ours)):
            each.transport.abort()


async def _pump(source: StreamReader, sink: StreamWriter) -> None:
    while piece := await source.read(PIECE):
        sink.write(piece)
        await sink.drain()
    sink.close()


async def _all_ended() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
