"""Requests that nobody's client sends, at a real web process: an answer, a line, no traceback."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.shuttle import Shuttle
from tests.support.waiting import wait_until

NO_KAFKA = "127.0.0.1:1"
ID = str(uuid.uuid4())
SOCKET = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
SOCKET += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.fixture(scope="module")
def shuttle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shuttle]:
    names = {"ALLOWED_HOSTS": "logs.example", "RATE_LIMITS": "off"}
    with closing(Shuttle(tmp_path_factory.mktemp("web"), NO_KAFKA, names)) as made:
        made.migrate()
        made.start_web()
        yield made


@pytest.fixture(autouse=True)
def _no_traceback(shuttle: Shuttle) -> Iterator[None]:
    yield
    assert "Traceback" not in shuttle.web.output()


def asked(shuttle: Shuttle, line: str, headers: str = "", host: str = "logs.example") -> int:
    """The answer's status."""
    request = f"{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
    port = int(shuttle.environment["PORT"])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode("latin-1"))
        answer = connection.recv(1024)
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("method", ["SETTINGS", "DISPATCH", "AS_VIEW", "__INIT__", "PURGE", "!"])
@pytest.mark.parametrize("path", ["/", "/nothing", "/admin/login/", "/log-sessions/x"])
def test_a_method_is_never_an_attribute(method: str, path: str, shuttle: Shuttle) -> None:
    assert asked(shuttle, f"{method} {path}") == 501


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PUT"])
def test_methods_that_are_known_and_of_no_use_want_the_key(method: str, shuttle: Shuttle) -> None:
    assert asked(shuttle, f"{method} /nothing") == 401


@pytest.mark.parametrize("kind", ["", SOCKET])
@pytest.mark.parametrize("root", ["/log-sessions", "%2Flog-sessions", "\xff", "/"])
def test_nobody_moves_the_root(root: str, kind: str, shuttle: Shuttle) -> None:
    headers = f"Daphne-Root-Path: {root}\r\n{kind}"

    assert asked(shuttle, "GET /log-sessions/admin/login/", headers) in (401, 403)


@pytest.mark.parametrize(
    "path",
    [
        "/log-sessions//ID",
        "//log-sessions//ID/",
        "/log-sessions;x=1/ID",
        "/log-sessions/;/ID",
        "/log%2Dsessions%2F%2FID",
        "/log-sessions/%20/ID",
        "/log-sessions/%22/ID",
        "/log-sessions/%3F/ID",
        "/log-sessions%5CID",
        "/log-sessions/%C3%A9/ID",
        "http://logs.example/log-sessions//ID",
    ],
)
def test_no_spelling_brings_a_session_into_the_log(path: str, shuttle: Shuttle) -> None:
    before = shuttle.web.output().count("log-sessions/…")

    assert asked(shuttle, f"GET {path.replace('ID', ID)}") in (401, 404)

    wait_until(lambda: shuttle.web.output().count("log-sessions/…") > before, 10, "a line")
    assert ID not in shuttle.web.output()


def test_wrong_names_are_a_line_a_second(shuttle: Shuttle) -> None:
    before = shuttle.web.output().count("ALLOWED_HOSTS")

    def lines() -> int:
        return shuttle.web.output().count("ALLOWED_HOSTS") - before

    began = time.monotonic()
    for number in range(50):
        kind = SOCKET if number % 5 == 0 else ""
        path = "/log-sessions/x/ws" if kind else "/admin/login/"
        assert asked(shuttle, f"GET {path}", kind, f"other{number}.example") in (400, 403)

    wait_until(lines, 10, "a line")
    assert lines() <= time.monotonic() - began + 1
