"""What a process listens on, and what it says when it cannot."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from events.process.listening import ListenError, close_all, listen, urls_of
from tests.support.ports import free_port


@contextmanager
def listening(host: str | None, port: int) -> Iterator[list[socket.socket]]:
    sockets = listen(host, port, "PORT")
    try:
        yield sockets
    finally:
        close_all(sockets)


@pytest.mark.parametrize(
    ("host", "urls"),
    [
        (None, "http://0.0.0.0:{port} and http://[::]:{port}"),
        ("::", "http://0.0.0.0:{port} and http://[::]:{port}"),
        ("localhost", "http://127.0.0.1:{port} and http://[::1]:{port}"),
        ("127.0.0.1", "http://127.0.0.1:{port}"),
        ("::1", "http://[::1]:{port}"),
        ("[::1]", "http://[::1]:{port}"),
        ("[::]", "http://0.0.0.0:{port} and http://[::]:{port}"),
        ("0.0.0.0", "http://0.0.0.0:{port}"),
    ],
)
def test_both_families_unless_told_otherwise(host: str | None, urls: str) -> None:
    port = free_port()
    with listening(host, port) as sockets:
        assert urls_of(sockets) == urls.format(port=port)
        for each in sockets:
            address = each.getsockname()[0].replace("0.0.0.0", "127.0.0.1")
            socket.create_connection((address, port), timeout=5).close()


@pytest.mark.parametrize("host", [None, "localhost"])
@pytest.mark.parametrize("fault", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_a_family_that_is_not_there_is_left_out(
    host: str | None, fault: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithoutIpv6(socket.socket):
        def bind(self, address: Any) -> None:
            if self.family == socket.AF_INET6:
                raise OSError(fault, "not here")
            super().bind(address)

    monkeypatch.setattr("events.process.listening.socket.socket", WithoutIpv6)
    with listening(host, free_port()) as sockets:
        assert [each.family for each in sockets] == [socket.AF_INET]


def test_what_is_taken_for_one_family_is_taken() -> None:
    port = free_port()
    with listening("::1", port), pytest.raises(ListenError) as refused:
        listen(None, port, "METRICS_PORT")
    assert str(refused.value) == f"METRICS_PORT {port}: Address already in use"
    with listening(None, port), pytest.raises(ListenError) as refused:
        listen("127.0.0.1", port, "PORT")
    assert str(refused.value) == f"PORT {port}: Address already in use at 127.0.0.1"
    with listening(None, port):  # what had been got was given back
        pass


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("", 5000, "--host is empty: leave it out to listen on all addresses"),
        ("192.0.2.254", 5000, "--host 192.0.2.254: this machine has no such address"),
        ("2001:db8::1", 5000, "--host 2001:db8::1: this machine has no such address"),
        ("no.invalid", 5000, "--host no.invalid: no address of that name is known"),
        ("a b", 5000, "--host a b: no address of that name is known"),
        ("x" * 70, 5000, f"--host {'x' * 70}: no address of that name is known"),
        (None, 70_000, "PORT 70000: ports end at 65535"),
    ],
)
def test_what_cannot_be_is_one_line(host: str | None, port: int, said: str) -> None:
    with pytest.raises(ListenError) as refused:
        listen(host, port, "PORT")
    assert str(refused.value) == said


def test_a_port_that_is_not_for_every_user(monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutRight(socket.socket):
        def bind(self, address: Any) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("events.process.listening.socket.socket", WithoutRight)
    with pytest.raises(ListenError, match="PORT 80: Permission denied: ports below 1024"):
        listen(None, 80, "PORT")
