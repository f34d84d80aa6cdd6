"""A receiver that costs next to nothing: counts lines, says when all are there.

`python -m benchmarks.sink LINES` prints its port, then `done N` at LINES or more.
"""

from __future__ import annotations

import selectors
import socket
import sys


def main() -> None:
    expected = int(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    print("done", _count(listener, expected), flush=True)


def _count(listener: socket.socket, expected: int) -> int:
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    buffer = bytearray(1 << 20)
    lines = 0
    while lines < expected:
        for key, _ in waiting.select():
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            if ready is listener:
                waiting.register(listener.accept()[0], selectors.EVENT_READ)
            elif size := ready.recv_into(buffer):
                lines += buffer.count(b"\n", 0, size)
            else:
                waiting.unregister(ready)
    return lines


if __name__ == "__main__":
    main()
