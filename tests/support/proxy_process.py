"""A TCP proxy that breaks what goes through it. Run by tests.support.proxy.

It listens on every loopback address and forwards what comes to 127.0.0.N:PORT to the upstream port
at the same address. Its one argument is JSON: `{"port", "events", "upstream", "resets", "bytes",
"seed", "bytes_per_second"}`. Of each address so many connections are reset, each after a random
number of bytes, at most `bytes`, has been forwarded to it, over however many connections.
`bytes_per_second` is the pace of a connection until SIGUSR1.
"""

from __future__ import annotations

import json
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter
from typing import Any

from tests.support.listener import TURNS_PER_SECOND, EventsFile, reset

_CHUNK_BYTES = 65536
_RECEIVE_BUFFER_BYTES = 4096


class Proxy:
    def __init__(self, orders: dict[str, Any]) -> None:
        self._orders = orders
        self._rate: int | None = orders["bytes_per_second"]
        self._random = random.Random(orders["seed"])
        self._resets: Counter[str] = Counter()
        self._left: dict[str, int] = {}
        """Bytes until the next, by address."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._rate is not None:  # inherited by what is accepted
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        self._listener.bind(("0.0.0.0", orders["port"]))
        self._listener.listen(128)
        signal.signal(signal.SIGUSR1, self._release)
        self._events = EventsFile(orders["events"])
        self._events.tell(f"listening {self._listener.getsockname()[1]}")

    def run(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            address = connection.getsockname()[0]
            if address not in self._left:
                self._left[address] = self._draw()
            threading.Thread(target=self._forward, args=(connection, address), daemon=True).start()

    def _draw(self) -> int:
        return self._random.randint(1, self._orders["bytes"])

    def _forward(self, connection: socket.socket, address: str) -> None:
        upstream = socket.create_connection((address, self._orders["upstream"]))
        taken, cut = 0, False
        try:
            while not cut:
                cuts = self._resets[address] < self._orders["resets"]
                data = connection.recv(self._size(self._left[address] if cuts else None))
                if not data:
                    break
                taken += len(data)
                if cuts:
                    self._left[address] -= len(data)
                    cut = self._left[address] <= 0
                upstream.sendall(data)
                if (rate := self._rate) is not None:
                    time.sleep(len(data) / rate)
        except OSError:  # either end's reset is an end like another
            pass
        upstream.close()  # what was forwarded is read there: only the sender sees a reset
        if cut:
            self._resets[address] += 1
            self._left[address] = self._draw()
            reset(connection)
            self._events.tell(f"reset {address} {taken}")
        connection.close()

    def _size(self, left: int | None) -> int:
        size = _CHUNK_BYTES if self._rate is None else max(1, self._rate // TURNS_PER_SECOND)
        return size if left is None else min(size, left)

    def _release(self, *_: object) -> None:
        self._rate = None


if __name__ == "__main__":
    Proxy(json.loads(sys.argv[1])).run()
