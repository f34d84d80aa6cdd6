"""What our daphne does for slow readers and for bodies that are too large."""

from __future__ import annotations

import re
import select
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import flooding_web
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, run_process

MIB = 1024 * 1024

Flooding = tuple[RunningProcess, int]


@pytest.fixture
def flooding(tmp_path: Path) -> Iterator[Flooding]:
    """The process and its port."""
    port = free_port()
    command = [sys.executable, "-m", flooding_web.__name__, str(port)]
    with run_process(command, log=tmp_path / "web.log") as process:
        process.wait_for_output("ready")
        yield process, port


def test_a_client_that_never_reads_is_cut_and_costs_little(flooding: Flooding) -> None:
    process, port = flooding
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(f"GET /{1024 * MIB} HTTP/1.1\r\nHost: h\r\n\r\n".encode())

        process.wait_for_output("sent ")

    (sent,) = re.findall(r"sent (\d+)", process.output())
    assert int(sent) < 32 * MIB  # most of it in the kernel's buffers


@pytest.mark.slow
def test_an_idle_client_that_does_not_read_its_answer_is_cut_off(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", flooding_web.__name__, str(port), "0.5"]
    with run_process(command, log=tmp_path / "web.log") as process, socket.socket() as silent:
        process.wait_for_output("ready")
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.connect(("127.0.0.1", port))
        silent.sendall(f"GET /{330_000} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        process.wait_for_output("sent ")

        end = select.poll()
        end.register(silent, 0)
        assert end.poll(30_000), "it is still connected"


def test_a_client_that_reads_gets_all(flooding: Flooding) -> None:
    _, port = flooding

    with httpx.stream("GET", f"http://127.0.0.1:{port}/{64 * MIB}", timeout=20) as answer:
        assert sum(len(piece) for piece in answer.iter_raw()) == 64 * MIB


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_that_nobody_would_take_ends_its_connection(
    chunked: bool, flooding: Flooding
) -> None:
    _, port = flooding
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {64 * MIB}"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"POST /0 HTTP/1.1\r\nHost: h\r\n{length}\r\n\r\n".encode())
        if chunked:
            client.sendall(b"%x\r\n" % (2 * MIB) + b"x" * (MIB + 1))

        assert client.recv(64).startswith(b"HTTP/1.1 413 ")
