"""A program: four clients that attack a web process, each from an address of its own on loopback.

`python -m tests.support.attackers KIND PORT [PATH]`, until it is ended. They go on as fast as they
are let, and begin again when they are cut off.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from tests.support.shuttle import AUTH_KEY

CLIENTS = 4
LIMIT_SECONDS = 5.0
SLOW_CONNECTIONS, IDLE_CONNECTIONS = 50, 1000
"""Of each client."""
MIB = 2**20

_KEY = f"Authorization: {AUTH_KEY}\r\n"


def connect(port: int, client: int = 0) -> socket.socket:
    return socket.create_connection(
        ("127.0.0.1", port), LIMIT_SECONDS, source_address=(f"127.0.0.{client + 2}", 0)
    )


def handshake(path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def frame(opcode: int, payload: bytes = b"") -> bytes:
    """Of a client: masked, with a mask that changes nothing. `payload`: up to 125 bytes."""
    return struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload)) + bytes(4) + payload


TEXT, PING, PONG = 1, 9, 10


def _post(extra: str, path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{extra}\r\n".encode()


def _frames(opcode: int) -> Callable[[str], Iterator[bytes]]:
    def pieces(path: str) -> Iterator[bytes]:
        yield handshake(path)
        yield from itertools.repeat(frame(opcode, b"x") * 9000)

    return pieces


def _one_byte_chunks(path: str) -> Iterator[bytes]:
    yield _post("Transfer-Encoding: chunked\r\n", path)
    yield from itertools.repeat(b"1\r\nx\r\n" * 10_000, 90)
    yield b"0\r\n\r\n"


def _large(path: str) -> Iterator[bytes]:
    yield _post(f"{_KEY}Content-Length: {100 * MIB}\r\n", path)
    yield from itertools.repeat(bytes(MIB), 100)


def _bomb(path: str) -> Iterator[bytes]:
    body = gzip.compress(gzip.compress(bytes(100 * MIB)))
    yield _post(f"{_KEY}Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n", path) + body


def _deep(path: str) -> Iterator[bytes]:
    body = b'{"a":' * 50_000
    yield _post(f"{_KEY}Content-Length: {len(body)}\r\n", path) + body


def _nonsense(path: str) -> Iterator[bytes]:
    yield from itertools.repeat(b"GET / HTTP/1.1\r\nHost: h\r\nX: \x1c\r\n\r\n" * 2000)


_SENT: dict[str, Callable[[str], Iterator[bytes]]] = {
    "frames": _frames(TEXT),
    "pings": _frames(PING),
    "chunks": _one_byte_chunks,
    "large": _large,
    "bomb": _bomb,
    "deep": _deep,
    "nonsense": _nonsense,
}


def sent_by(kind: str, path: str) -> Iterator[bytes]:
    """What a client of that kind sends on one connection."""
    return _SENT[kind](path)


def _sending(kind: str, port: int, path: str, client: int) -> None:
    with suppress(OSError), connect(port, client) as connection:
        for piece in sent_by(kind, path):
            connection.sendall(piece)
        while connection.recv(65536):
            pass


def _slow(port: int, client: int, count: int, drop: bytes) -> None:
    """`drop` is sent on each connection once a second; who was cut off comes again."""
    opened: list[socket.socket] = []
    while True:
        with suppress(OSError):
            while len(opened) < count:
                opened.append(connect(port, client))
        for connection in list(opened):
            try:
                connection.send(drop)
                connection.settimeout(0)
                gone = connection.recv(4096) is not None
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                connection.close()
                opened.remove(connection)
        time.sleep(1)


def _attack(kind: str, port: int, path: str, client: int) -> None:
    while True:
        if kind == "slow":
            _slow(port, client, SLOW_CONNECTIONS, b"X")
        elif kind == "idle":
            _slow(port, client, IDLE_CONNECTIONS, b"")
        else:
            _sending(kind, port, path, client)


def main(kind: str, port: str, path: str = "/log-events") -> None:
    threads = [
        threading.Thread(target=_attack, args=(kind, int(port), path, client), daemon=True)
        for client in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    print("attacking", flush=True)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
