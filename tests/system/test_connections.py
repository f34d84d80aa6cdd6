"""Who connects to the web process, for real: nobody takes it from the others, and each is told why.

The figures are in the unit tests, and what others see in abuse/.
"""

from __future__ import annotations

import shlex
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from logshuttle_site.connections.census import FILES_KEPT_BACK, Room
from tests.support.attackers import PING, connect, frame, handshake, sent_by
from tests.support.processes import RunningProcess, manage, run_process
from tests.support.shuttle import Shuttle
from tests.support.tailing import open_session
from tests.support.waiting import wait_until

NO_KAFKA = "127.0.0.1:1"
FILES = 256


def answer_to(shuttle: Shuttle, kind: str) -> tuple[int, str]:
    """What an attack is told: the status and the body."""
    with connect(int(shuttle.environment["PORT"])) as connection:
        with suppress(OSError):  # it goes on sending when the answer is there
            for piece in sent_by(kind, "/log-events"):
                connection.sendall(piece)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> tuple[int, str]:
    got = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body.decode()


@pytest.mark.parametrize(
    ("kind", "status", "why"),
    [
        ("chunks", 413, "a body above 64 KiB needs a key|too many pieces"),
        ("large", 413, "larger than 256 KiB"),
        ("bomb", 400, "not JSON"),
        ("deep", 400, "nested more than 64 deep"),
        ("nonsense", 400, "Invalid header value"),
    ],
)
def test_an_attack_gets_one_clear_line(kind: str, status: int, why: str, shuttle: Shuttle) -> None:
    got, body = answer_to(shuttle, kind)
    assert got == status, body
    assert any(reason in body for reason in why.split("|"))
    assert shuttle.api.get("/livez").status_code == 200
    assert "Traceback" not in shuttle.web.output()


def test_a_session_that_nobody_knows_is_refused_in_the_handshake(shuttle: Shuttle) -> None:
    with connect(int(shuttle.environment["PORT"])) as connection:
        connection.sendall(handshake("/log-sessions/x/ws") + frame(PING) * 100)
        status, body = read_answer(connection)
    assert (status, "No such log session" in body) == (404, True)


def test_a_reader_who_floods_is_closed_at_once(shuttle: Shuttle) -> None:
    path = open_session(shuttle, "flooded").removeprefix(str(shuttle.api.base_url))
    with connect(int(shuttle.environment["PORT"])) as connection:
        connection.sendall(handshake(f"{path}/ws"))
        assert b"101 Switching Protocols" in connection.recv(65536)
        with suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(100):
                connection.sendall(frame(PING) * 1000)
        got = b""
        with suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                got += piece
    assert (1008).to_bytes(2) + b"this reader says too much" in got
    said = "this reader says too much"
    wait_until(lambda: said in shuttle.web.output(), 10, "the log tells of it")
    assert "Traceback" not in shuttle.web.output()


@pytest.fixture
def few_files(tmp_path: Path) -> Iterator[tuple[Shuttle, RunningProcess]]:
    """An installation whose web process may have few files open."""
    command = shlex.join(manage("runweb", "--host", "127.0.0.1"))
    with closing(Shuttle(tmp_path, NO_KAFKA)) as shuttle:
        shuttle.migrate()
        limited = ["bash", "-c", f"ulimit -n {FILES}; exec {command}"]
        with run_process(limited, log=tmp_path / "web.log", env=shuttle.environment) as web:
            web.wait_for_output("Serving on")
            yield shuttle, web


def test_idle_connections_have_half_of_the_files_and_a_peer_a_share(
    few_files: tuple[Shuttle, RunningProcess],
) -> None:
    shuttle, web = few_files
    port = int(shuttle.environment["PORT"])
    room = Room(FILES - FILES_KEPT_BACK)
    with ExitStack() as stack, closing(HTTPConnection("127.0.0.1", port, timeout=5)) as other:
        other.request("GET", "/livez")  # stays connected
        assert other.getresponse().read() == b"ok\n"
        flood = [stack.enter_context(connect(port, client=0)) for _ in range(FILES)]
        wait_until(lambda: still_open(flood) <= room.waiting_of_a_peer, 10, "the share of a peer")
        other.request("GET", "/livez")
        assert other.getresponse().read() == b"ok\n"

        crowd = [
            stack.enter_context(connect(port, client=client))
            for client in range(1, 9)
            for _ in range(room.waiting_of_a_peer)
        ]
        wait_until(lambda: still_open(flood + crowd) <= room.waiting, 10, "half of the files")
        assert still_open(crowd[-room.waiting // 2 :]) == room.waiting // 2
        assert shuttle.api.get("/livez").status_code == 200
    output = web.output()
    assert f"Only {FILES} files may be open" in output
    assert "too many connections" in output
    assert output.count("Refused") < 40
    assert "Traceback" not in output


def still_open(connections: list[socket.socket]) -> int:
    return sum(map(is_open, connections))


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
