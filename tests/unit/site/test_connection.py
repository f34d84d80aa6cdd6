"""What a connection of our daphne does with what is written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from logshuttle_site.server import _Connection

BUFFERS_BYTES = 16 * 1024 * 1024
"""More than two sockets of a pair hold."""


class Reactor(SimpleNamespace):
    """Knows who waits to be told that there is room."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard
        self.addReader = self.removeReader = lambda _: None


@pytest.fixture
def ends() -> Iterator[tuple[Any, socket.socket]]:
    """Ours, and the client."""
    ours, client = socket.socketpair()
    ours.setblocking(False)
    with ours, client:
        around: Any = (SimpleNamespace(), ("127.0.0.1", 1), None, 0, Reactor())
        yield _Connection(ours, *around), client


def test_what_fits_is_with_the_client_at_once(ends: tuple[Any, socket.socket]) -> None:
    connection, client = ends
    connection.write(b"one ")
    connection.write(b"two")
    assert client.recv(100) == b"one two"
    assert not connection.reactor.writers


def test_what_does_not_fit_waits_in_its_order(ends: tuple[Any, socket.socket]) -> None:
    connection, client = ends
    connection.writeSequence([b"head ", b"of "])
    sent = b"head of " + b"x" * BUFFERS_BYTES + b"last"
    connection.write(sent[8:-4])
    connection.write(b"last")
    assert connection.reactor.writers == {connection}

    got = b""
    while len(got) < len(sent):
        connection.doWrite()
        got += client.recv(1 << 20)
    assert got == sent
    assert not connection.reactor.writers
