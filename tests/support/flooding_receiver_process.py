"""A TLS 1.3 receiver that does its handshake and then sends what nobody has asked for.

Run by tests.support.flooding_receiver. Its one argument is JSON: `{"port", "events", "tls",
"receive_buffer", "folder", "kind", "bytes", "answers"}`. `kind` is a method of `Flood`. `bytes`: so
many on a connection, then it only reads. `answers`: it answers each request, and floods from the
first one on. It tells what listener.Listener tells, and `flooded N BYTES` when a client is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

from tests.support.listener import Listener, shake_hands
from tests.support.tls_records import Records, context_of

_AT_ONCE = 2000
"""Records, less than a socket's buffer takes."""
_OK = b"HTTP/1.1 204 No Content\r\n\r\n"
_LOOK_SECONDS = 0.01


class Flood:
    def __init__(self, records: Records) -> None:
        self._records = records

    def keys(self) -> bytes:
        return self._records.key_updates(_AT_ONCE)

    def requested_keys(self) -> bytes:
        return self._records.key_updates(_AT_ONCE, requested=True)

    def tickets(self) -> bytes:
        return self._records.tickets(_AT_ONCE)

    def crumbs(self) -> bytes:
        return self._records.text(b"x" * _AT_ONCE, size=1)

    def continues(self) -> bytes:
        return self._records.text(b"HTTP/1.1 100 Continue\r\n\r\n" * _AT_ONCE)


class FloodingReceiver(Listener):
    def _serve(self, connection: socket.socket, number: int) -> None:
        context = context_of(self.orders["tls"], self._key_log(number))
        if secured := shake_hands(connection, context, number, self._events):
            self._converse(secured, number)
        self._events.tell(f"end {number}")

    def converse(self, connection: socket.socket, number: int) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        cipher = connection.cipher()
        assert cipher is not None
        client = _Client(connection)
        with socket.socket(fileno=os.dup(connection.fileno())) as wire:
            self._flood(client, wire, Records(self._key_log(number), cipher[0]), number)

    def _flood(self, client: _Client, wire: socket.socket, records: Records, number: int) -> None:
        make = getattr(Flood(records), self.orders["kind"])
        sent = answered = 0
        with contextlib.suppress(OSError):
            while not client.gone.is_set():
                if self.orders["answers"] and client.asks(answered):
                    wire.sendall(records.text(_OK))
                    answered += 1
                elif (answered or not self.orders["answers"]) and sent < self.orders["bytes"]:
                    data = make()
                    wire.sendall(data)
                    sent += len(data)
                else:
                    time.sleep(_LOOK_SECONDS)
        self._events.tell(f"flooded {number} {sent}")

    def _key_log(self, number: int) -> Path:
        return Path(self.orders["folder"]) / f"keys{number}"


class _Client:
    """Reads all it sends, in a thread of its own."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self.gone = threading.Event()
        self._connection = connection
        self._requests = 0
        threading.Thread(target=self._read, daemon=True).start()

    def asks(self, answered: int) -> bool:
        return self._requests > answered

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._connection.recv(65536):
                self._requests += data.count(b" HTTP/1.1\r\n")
        self.gone.set()


if __name__ == "__main__":
    FloodingReceiver(json.loads(sys.argv[1])).run()
