"""What the receivers' programs share: connections on loopback, TLS, and a file of what happens.

Standard library only, so that they are up at once.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import threading
import time
from abc import ABC, abstractmethod
from itertools import count
from typing import Any

TURNS_PER_SECOND = 20  # of a slow reader
_BIND_LIMIT_SECONDS = 5.0


class EventsFile:
    """One line for each thing that happens; its first word is the kind."""

    def __init__(self, path: str) -> None:
        self._file = append_to(path)

    def tell(self, event: str) -> None:
        os.write(self._file, f"{event}\n".encode())


class Listener(ABC):
    """Accepts connections, each served in a thread of its own.

    Its orders are `{"port", "events", "tls", "receive_buffer"}` and what else it needs. It tells
    `listening PORT`, `open N`, `tls N VERSION NAME`, `refused N REASON`, `malformed N REASON`,
    `cut N` (TLS ended without close_notify), `end N`.
    """

    def __init__(self, orders: dict[str, Any]) -> None:
        self.orders = orders
        self._events = EventsFile(orders["events"])
        self._tls = tls_context(orders["tls"])

    @abstractmethod
    def converse(self, connection: socket.socket, number: int) -> None:
        """Raises ValueError for what is malformed; ends the connection by returning."""

    def turns_away(self, connection: socket.socket, number: int) -> bool:
        """Whether a connection has been seen to before its handshake."""
        return False

    def run(self) -> None:
        listener = listen(self.orders["port"], self.orders["receive_buffer"])
        self._events.tell(f"listening {listener.getsockname()[1]}")
        for number in count(1):
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._events.tell(f"open {number}")
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        if not self.turns_away(connection, number):
            if self._tls is None:
                self._converse(connection, number)
            elif secured := shake_hands(connection, self._tls, number, self._events):
                self._converse(secured, number)
        connection.close()
        self._events.tell(f"end {number}")

    def _converse(self, connection: socket.socket, number: int) -> None:
        try:
            self.converse(connection, number)
        except ssl.SSLEOFError:
            self._events.tell(f"cut {number}")
        except ValueError as error:
            self._events.tell(f"malformed {number} {error}")
        except OSError:  # the peer's reset is an end like another
            pass
        close(connection)


def append_to(path: str) -> int:
    """A descriptor; each write is whole and at the end."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def listen(port: int, receive_buffer: int | None) -> socket.socket:
    """On this port, or (0) on one that the kernel names."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if receive_buffer:  # inherited by what is accepted
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    bind(listener, port)
    listener.listen(128)
    return listener


def bind(listener: socket.socket, port: int) -> None:
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


def tls_context(orders: dict[str, Any] | None) -> ssl.SSLContext | None:
    """`{"chain", "key", "client_ca", "minimum", "maximum"}`: files, and names of TLSVersion."""
    if orders is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(orders["chain"], orders["key"])
    if orders["client_ca"]:
        context.load_verify_locations(orders["client_ca"])
        context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion[orders["minimum"] or "TLSv1"]
    if orders["maximum"]:
        context.maximum_version = ssl.TLSVersion[orders["maximum"]]
        context.set_ciphers("ALL:@SECLEVEL=0")  # the old versions need it
    context.sni_callback = _remember_name
    return context


def shake_hands(
    connection: socket.socket, context: ssl.SSLContext, number: int, events: EventsFile
) -> ssl.SSLSocket | None:
    """Tells `tls N VERSION NAME`, the name that the client asked for; or `refused N REASON`.

    What comes after is read strictly: an end without close_notify is ssl.SSLEOFError.
    """
    try:
        secured = context.wrap_socket(
            connection, server_side=True, suppress_ragged_eofs=False
        )  # takes `connection` over, also when it fails
    except OSError as error:
        events.tell(f"refused {number} {error}")
        return None
    name = getattr(secured, "name_asked", None) or "-"
    events.tell(f"tls {number} {secured.version()} {name}")
    return secured


def reset(connection: socket.socket) -> None:
    """Closes with RST in place of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def close(connection: socket.socket) -> None:
    """With close_notify on TLS, and without waiting for the peer's."""
    if isinstance(connection, ssl.SSLSocket):
        with contextlib.suppress(OSError, ValueError):
            connection.setblocking(False)
            connection.unwrap()
    connection.close()


def hold(connection: socket.socket) -> None:
    """Until the peer goes; what it sends is thrown away."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def _remember_name(connection: Any, name: str | None, _: ssl.SSLContext) -> None:
    connection.name_asked = name
