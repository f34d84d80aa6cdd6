"""The plainest of senders: what to receive with is tested with them."""

from __future__ import annotations

import contextlib
import socket
import ssl

from tests.support.ports import LOOPBACK

_LIMIT_SECONDS = 5.0


def connect(port: int, context: ssl.SSLContext | None = None) -> socket.socket:
    """TLS with a context."""
    plain = socket.create_connection((LOOPBACK, port), timeout=_LIMIT_SECONDS)
    return context.wrap_socket(plain, server_hostname="localhost") if context else plain


def send(port: int, data: bytes, context: ssl.SSLContext | None = None) -> None:
    with connect(port, context) as sender:
        sender.sendall(data)
        if isinstance(sender, ssl.SSLSocket):
            with contextlib.suppress(OSError):  # not every receiver answers close_notify
                sender.unwrap()


def send_datagram(port: int, data: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(data, (LOOPBACK, port))


def counted(message: bytes) -> bytes:
    """Octet counting."""
    return b"%d %s" % (len(message), message)
