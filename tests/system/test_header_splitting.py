"""Line breaks in what clients send, however they are spelled: no answer has a header by them."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from tests.support.shuttle import AUTH_KEY, Shuttle
from tests.support.tailing import open_session

EVIL = "x-evil"
TRICKS = {
    "encoded": b"x%0d%0aX-Evil: 1",
    "encoded twice": b"x%250d%250aX-Evil: 1",
    "bare CR": b"x\rX-Evil: 1",
    "bare LF": b"x\nX-Evil: 1",
    "folded": b"x\r\n X-Evil: 1",
    "NUL": b"x\x00X-Evil: 1",
    "letters that end in CR and LF": "x嘍嘊X-Evil: 1".encode(),
    "next line": "x\u0085X-Evil: 1".encode(),
    "a second answer": b"x%0d%0a%0d%0aHTTP/1.1 200 OK%0d%0aX-Evil: 1",
}
HEADERS = ("X-Request-Id", "Last-Event-ID", "Host", "Authorization", "Accept", "Cookie", "Range")


def head_of(shuttle: Shuttle, request: bytes) -> list[str]:
    """The lines of the answer's head; none where the connection just ends."""
    got = b""
    place = ("127.0.0.1", int(shuttle.environment["PORT"]))
    with socket.create_connection(place, timeout=20) as connection, suppress(ConnectionError):
        connection.sendall(request)
        while b"\r\n\r\n" not in got and (piece := connection.recv(65536)):
            got += piece
    return got.partition(b"\r\n\r\n")[0].decode("latin-1").splitlines()


def is_unharmed(head: list[str]) -> bool:
    names = [line.partition(":")[0].lower() for line in head[1:]]
    return EVIL not in names and not any(line.startswith("HTTP/") for line in head[1:])


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_no_header_makes_another(trick: bytes, shuttle: Shuttle) -> None:
    url = open_session(shuttle, "gs", lines=0, tail=False)
    session = url.removeprefix(str(shuttle.api.base_url)).encode()
    for path in (b"/apps/gold-gs/log-drains", session, b"/admin", b"/livez"):
        for name in HEADERS:
            known = {b"Host": b"127.0.0.1", b"Authorization": AUTH_KEY.encode()}
            known[name.encode()] = trick
            lines = b"".join(each + b": " + value + b"\r\n" for each, value in known.items())
            request = b"GET " + path + b" HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n"
            head = head_of(shuttle, request)
            assert head, (path, name)
            assert is_unharmed(head), (path, name, head)


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
@pytest.mark.parametrize(
    "path",
    [
        b"/%s",
        b"/admin/login/?next=%s",
        b"/admin/login/?next=/admin/%s",
        b"/apps/%s/log-drains",
        b"/log-sessions/%s",
        b"/log-sessions/x?after=%s",
        b"/static/%s",
    ],
)
def test_no_path_makes_one(path: bytes, trick: bytes, shuttle: Shuttle) -> None:
    request = b"GET " + path % trick.replace(b" ", b"") + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head = head_of(shuttle, request + b"Accept: text/html\r\nConnection: close\r\n\r\n")
    assert head
    assert is_unharmed(head), head


@pytest.mark.parametrize("trick", ["\r\n", "\n", "\r", "\0", "%0d%0a", "\u560d\u560a", "\x85"])
def test_what_receivers_are_sent_has_none_by_a_drain(trick: str, shuttle: Shuttle) -> None:
    """A URL is refused or stays in one line; a header is refused."""
    path = "/apps/gold-gs/log-drains"
    host = shuttle.api.post(path, json={"url": f"https://in.example{trick}X-Evil:1/"})
    assert host.status_code == 422, host.text
    url = shuttle.api.post(path, json={"url": f"https://in.example/a{trick}X-Evil:1"})
    assert url.status_code == 422 or trick.startswith("%"), url.text
    for headers in ({"X-A": f"a{trick}X-Evil: 1"}, {f"X-A{trick}X-Evil": "1"}):
        body = {"url": "https://in.example/", "headers": headers}
        answer = shuttle.api.post(path, json=body)
        # Percent signs are themselves there: nobody decodes them.
        wanted = (201, 409) if trick.startswith("%") else (422,)
        assert answer.status_code in wanted, (headers, answer.text)
