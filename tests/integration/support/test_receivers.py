import socket

import pytest

from tests.support.receivers import NEVER_READ, NORMAL, Mode, close_after, reset_after, slow
from tests.support.receiving import Receivers
from tests.support.waiting import wait_until


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def test_lines_are_received_whole_and_in_order(receiver: Receivers) -> None:
    r = receiver()
    with connect(r.port) as sender:
        sender.sendall(b"one\ntw")
        sender.sendall(b"o\nthr")
        assert r.wait_for(2) == [b"one", b"two"]
    assert r.connections() == 1


def test_a_restart_keeps_port_and_lines(receiver: Receivers) -> None:
    r = receiver()
    port = r.port
    with connect(port) as sender:
        sender.sendall(b"before\n")
        r.wait_for(1)
        r.kill()
        with pytest.raises(ConnectionRefusedError):
            connect(port)
    r.start()
    with connect(port) as sender:
        sender.sendall(b"after\n")
        assert r.wait_for(2) == [b"before", b"after"]
    assert r.connections() == 2


def test_a_receiver_that_never_reads_fills_the_pipe(receiver: Receivers) -> None:
    r = receiver(Mode(read=False, receive_buffer=4096))
    with connect(r.port) as sender:
        sender.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sender.sendall(b"x" * 20_000_000)
    assert r.lines() == []
    assert NEVER_READ.read is False


def test_a_slow_receiver_takes_its_time(receiver: Receivers) -> None:
    r = receiver(slow(20_000))
    with connect(r.port) as sender:
        sender.sendall(b"x" * 999 + b"\n")
        sender.sendall((b"x" * 99 + b"\n") * 500)
        r.wait_for(1)
        assert len(r.lines()) < 400
        r.wait_for(501)


def test_a_reset_comes_after_so_many_bytes(receiver: Receivers) -> None:
    r = receiver(reset_after(9))
    with connect(r.port) as sender:
        sender.sendall(b"1234567\n9")
        with pytest.raises(ConnectionResetError):
            sender.recv(1)
    assert r.lines() == [b"1234567"]


def test_a_close_comes_after_so_many_bytes(receiver: Receivers) -> None:
    r = receiver(close_after(8))
    with connect(r.port) as sender:
        sender.sendall(b"1234567\n")
        assert sender.recv(1) == b""
    wait_until(lambda: r.ended_connections() == 1, 5, "the end of the connection")


def test_only_the_first_connections_are_treated_badly(receiver: Receivers) -> None:
    r = receiver(close_after(1, times=1))
    for text in (b"x", b"good\n"):
        with connect(r.port) as sender:
            sender.sendall(text)
            if text == b"x":
                assert sender.recv(1) == b""
            else:
                assert r.wait_for(1) == [b"good"]


def test_a_start_may_bring_another_mode(receiver: Receivers) -> None:
    r = receiver(NEVER_READ)
    r.stop()
    r.start(NORMAL)
    with connect(r.port) as sender:
        sender.sendall(b"read\n")
        assert r.wait_for(1) == [b"read"]
