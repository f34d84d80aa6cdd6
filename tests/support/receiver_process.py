"""A TCP receiver of newline-framed lines that can behave badly. Run by tests.support.receivers.

Standard library only, so that it is up at once. Its one argument is JSON:
`{"port", "lines", "events", "read", "bytes_per_second", "end_after", "reset", "times",
"receive_buffer"}`. It appends complete lines to the file `lines`, and to the file `events` one
line for each thing that happens: `listening PORT`, `open N`, `end N`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
import threading
import time
from typing import Any

_CHUNK_BYTES = 65536
_TURNS_PER_SECOND = 20
_BIND_LIMIT_SECONDS = 5.0


class Receiver:
    def __init__(self, orders: dict[str, Any]) -> None:
        self._orders = orders
        self._append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._lines = os.open(orders["lines"], self._append, 0o600)
        self._events = os.open(orders["events"], self._append, 0o600)
        self._kept: list[socket.socket] = []

    def run(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._orders["receive_buffer"]:  # inherited by what is accepted
            size = self._orders["receive_buffer"]
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        _bind(listener, self._orders["port"])
        listener.listen(128)
        self._tell(f"listening {listener.getsockname()[1]}")
        number = 0
        while True:
            connection, _ = listener.accept()
            number += 1
            self._tell(f"open {number}")
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        times = self._orders["times"]
        behave_badly = times is None or number <= times
        if behave_badly and not self._orders["read"]:
            self._kept.append(connection)  # open, and nobody reads
            return
        with contextlib.suppress(OSError):  # the peer's reset is an end like another
            self._read(connection, behave_badly)
        connection.close()
        self._tell(f"end {number}")

    def _read(self, connection: socket.socket, behave_badly: bool) -> None:
        limit = self._orders["end_after"] if behave_badly else None
        rate = self._orders["bytes_per_second"] if behave_badly else None
        begun, taken = b"", 0
        while limit is None or taken < limit:
            size = _CHUNK_BYTES if rate is None else max(1, rate // _TURNS_PER_SECOND)
            data = connection.recv(size if limit is None else min(size, limit - taken))
            if not data:
                return
            taken += len(data)
            begun = self._keep_complete(begun + data)
            if rate is not None:
                time.sleep(len(data) / rate)
        if self._orders["reset"]:  # close() then sends RST, not FIN
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _keep_complete(self, data: bytes) -> bytes:
        end = data.rfind(b"\n") + 1
        if end:
            os.write(self._lines, data[:end])
        return data[end:]

    def _tell(self, event: str) -> None:
        os.write(self._events, f"{event}\n".encode())


def _bind(listener: socket.socket, port: int) -> None:
    """After a restart the old port may still be held for a moment."""
    deadline = time.monotonic() + _BIND_LIMIT_SECONDS
    while True:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    Receiver(json.loads(sys.argv[1])).run()
