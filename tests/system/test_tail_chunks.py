"""HTTP's chunks as clients of the original see them: these filter a chunk at a time."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.support.broker import Broker
from tests.support.chunked import chunks_of
from tests.support.kafka import TopicNames
from tests.support.shuttle import Shuttle
from tests.support.tailing import event_now, open_session

LIMIT_SECONDS = 20.0
BACKLOG = 40


@dataclass
class RawAnswer:
    connection: socket.socket
    head: str = ""
    body: bytes = b""

    def read_until(self, ending: bytes) -> None:
        while ending not in self.body:
            data = self.connection.recv(65536)
            assert data, self.body
            self.body += data

    def read_to_end(self) -> None:
        while data := self.connection.recv(65536):
            self.body += data


@contextmanager
def asked(url: str, version: str = "1.1", accept: str = "*/*") -> Iterator[RawAnswer]:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    with socket.create_connection((parts.hostname, parts.port), LIMIT_SECONDS) as connection:
        connection.sendall(
            f"GET {parts.path} HTTP/{version}\r\nHost: {parts.netloc}\r\n"
            f"Accept: {accept}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = RawAnswer(connection)
        answer.read_until(b"\r\n\r\n")
        head, _, answer.body = answer.body.partition(b"\r\n\r\n")
        answer.head = head.decode().lower()
        yield answer


@pytest.fixture
def space(kafka: Broker, topic: TopicNames) -> str:
    """With a backlog."""
    name = kafka.create(topic())
    kafka.produce(name, [event_now(f"old {n}") for n in range(BACKLOG)])
    return name


def test_text_is_a_chunk_a_line(shuttle: Shuttle, kafka: Broker, space: str) -> None:
    with asked(open_session(shuttle, space)) as answer:
        answer.read_until(b"old 39\n\r\n")
        kafka.produce(space, [event_now(f"new {n}") for n in range(BACKLOG)])
        answer.read_until(b"new 39\n\r\n")

    assert answer.head.count("transfer-encoding: chunked") == 1
    chunks = chunks_of(answer.body)
    assert len(chunks) == 2 * BACKLOG
    assert all(chunk.count(b"\n") == 1 and chunk.endswith(b"\n") for chunk in chunks)


def test_above_500_lines_a_second_lines_share_chunks(
    shuttle: Shuttle, kafka: Broker, space: str
) -> None:
    with asked(open_session(shuttle, space, lines=1)) as answer:
        answer.read_until(b"\n\r\n")
        kafka.produce(space, [event_now(f"new {n}") for n in range(5_000)])
        while sum(chunk.count(b"\n") for chunk in chunks_of(answer.body)) < 5_001:
            answer.body += answer.connection.recv(65536)

    assert len(chunks_of(answer.body)) < 2_500


@pytest.mark.parametrize(
    ("accept", "last"),
    [("*/*", b"old 39\n"), ("text/event-stream", b"event: bye\ndata: end\n\n")],
)
def test_an_answer_ends_with_an_empty_chunk(
    accept: str, last: bytes, shuttle: Shuttle, space: str
) -> None:
    with asked(open_session(shuttle, space, tail=False), accept=accept) as answer:
        answer.read_to_end()

    *chunks, end = chunks_of(answer.body)
    assert (chunks[-1][-len(last) :], end) == (last, b"")
    assert answer.body.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
def test_http_1_0_has_no_chunks(accept: str, shuttle: Shuttle, space: str) -> None:
    with asked(open_session(shuttle, space, tail=False), "1.0", accept) as answer:
        answer.read_to_end()

    assert "transfer-encoding" not in answer.head
    assert answer.body.count(b"old ") == BACKLOG
    lines = answer.body.decode().splitlines()
    assert not [line for line in lines if "old" in line and "gold-" not in line]
    assert b"\r" not in answer.body


def test_a_head_begins_nothing_and_has_no_body(shuttle: Shuttle, space: str) -> None:
    url = open_session(shuttle, space)
    answer = shuttle.api.head(urlsplit(url).path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert "transfer-encoding" not in answer.headers
