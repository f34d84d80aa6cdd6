"""What a connection of our daphne does with what is written."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from logshuttle_site import server
from logshuttle_site.connections.ports import PromptConnection
from logshuttle_site.connections.unread import unsent_bytes
from logshuttle_site.server import BUFFER_BYTES, _let_it_read

BUFFERS_BYTES = 16 * 1024 * 1024
"""More than two sockets of a pair hold."""


class Reactor(SimpleNamespace):
    """Knows who waits to be told that there is room."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard
        self.addReader = self.removeReader = lambda _: None


@pytest.fixture
def tcp_ends() -> Iterator[tuple[Any, socket.socket]]:
    """The same over TCP, where the kernel can be asked what a client has acknowledged."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    with ours, client:
        around: Any = (SimpleNamespace(), ("127.0.0.1", 1), None, 0, Reactor())
        yield PromptConnection(ours, *around), client


@pytest.fixture
def ends() -> Iterator[tuple[Any, socket.socket]]:
    """Ours, and the client."""
    ours, client = socket.socketpair()
    ours.setblocking(False)
    with ours, client:
        around: Any = (SimpleNamespace(), ("127.0.0.1", 1), None, 0, Reactor())
        yield PromptConnection(ours, *around), client


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


def fill(connection: Any) -> None:
    """The kernel's buffers, and more than is borne above them."""
    connection.write(b"x" * (BUFFERS_BYTES + 2 * BUFFER_BYTES))
    before = -1
    while before != (before := unsent_bytes(connection)):
        connection.doWrite()


async def test_a_slow_client_is_waited_for_whose_kernel_takes_nothing_from_us(
    tcp_ends: tuple[Any, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For what it has read, room is made only when much of it is: a third, with Linux."""
    monkeypatch.setattr(server, "CUT_AFTER_SECONDS", 0.3)
    connection, client = tcp_ends
    fill(connection)
    waiting = asyncio.create_task(_let_it_read(connection))
    ends = asyncio.get_running_loop().time() + 1.0
    while asyncio.get_running_loop().time() < ends:
        client.recv(16 * 1024)
        await asyncio.sleep(0.02)
    assert not waiting.done()
    assert not connection.disconnecting
    waiting.cancel()


async def test_a_client_that_takes_nothing_at_all_is_cut(
    tcp_ends: tuple[Any, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CUT_AFTER_SECONDS", 0.1)
    connection, _ = tcp_ends
    cut: list[bool] = []
    monkeypatch.setattr(connection, "abortConnection", lambda: cut.append(True))
    fill(connection)
    async with asyncio.timeout(5):
        await _let_it_read(connection)
    assert cut
