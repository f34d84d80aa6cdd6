"""A receiver that costs next to nothing: counts lines, says when all are there.

`python -m benchmarks.sink KIND LINES HOSTS CERTIFICATE_AND_KEY` prints its port, then `done` at
LINES or more. KIND: tcp, paced, tls or https; each connection has a thread. HOSTS: so many
addresses, from 127.0.0.1 on, have the port. Paced: the nth of them reads n MB/s at most.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

MB = 1_000_000
PACED_BUFFER_BYTES = 128 * 1024
"""More in the kernel would hide how slow a receiver is."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RECORD = b">1 20"
"""Priority, version and century of a record: no text of benchmarks.texts has that."""
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Count:
    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._lines = 0
        self._lock = threading.Lock()
        self.done = threading.Event()

    def add(self, lines: int) -> None:
        with self._lock:
            self._lines += lines
            if self._lines >= self._expected:
                self.done.set()


class Pace:
    """Of one receiver, whatever connections it has. It reads no faster after a pause."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._free_at = 0.0
        self._lock = threading.Lock()

    def wait(self, size: int) -> None:
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
            ends = self._free_at
        time.sleep(max(0.0, ends - time.monotonic()))


def main() -> None:
    kind, expected = sys.argv[1], int(sys.argv[2])
    context = None
    if kind not in ("tcp", "paced"):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[4])
    count = Count(expected)
    serve: Callable[..., None] = _serve_http if kind == "https" else _serve_lines
    port = 0
    for host in range(1, int(sys.argv[3]) + 1):
        listener = socket.create_server((f"127.0.0.{host}", port), backlog=1024)
        if kind == "paced":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PACED_BUFFER_BYTES)
            serve = partial(_serve_lines, pace=Pace(host * MB))
        port = listener.getsockname()[1]
        accepting = threading.Thread(
            target=_accept, args=(listener, context, serve, count), daemon=True
        )
        accepting.start()
    print(port, flush=True)
    count.done.wait()
    print("done", flush=True)


def _accept(listener: socket.socket, context: ssl.SSLContext | None, serve, count: Count) -> None:  # type: ignore[no-untyped-def]
    while True:
        connection, _ = listener.accept()
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        threading.Thread(target=serve, args=(connection, count), daemon=True).start()


def _pieces(connection: socket.socket) -> Iterator[memoryview]:
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    while size := connection.recv_into(buffer):
        yield view[:size]


def _serve_lines(connection: socket.socket, count: Count, pace: Pace | None = None) -> None:
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    held = 0  # a record's beginning may be cut in two: what it may be cut in is kept
    room = len(buffer) if pace is None else PACED_BUFFER_BYTES
    while size := connection.recv_into(view[held:room]):
        end = held + size
        if pace is not None:
            pace.wait(size)
        count.add(buffer.count(_RECORD, 0, end))
        tail = buffer[max(0, end - len(_RECORD) + 1) : end]
        held = len(tail)
        view[:held] = tail


def _serve_http(connection: socket.socket, count: Count) -> None:
    held = b""
    for piece in _pieces(connection):
        held += piece
        head, end, body = held.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and length and len(body) >= int(length[1]):
            held = body[int(length[1]) :]
            connection.sendall(_OK)
            count.add(body.count(_RECORD, 0, int(length[1])))


if __name__ == "__main__":
    main()
