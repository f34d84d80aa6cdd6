"""Log sessions under load: who reads slowly, who comes while lines flow, what is left behind."""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.broker import Broker
from tests.support.flow import Flow
from tests.support.kafka import TopicNames
from tests.support.shuttle import Shuttle
from tests.support.tailing import EVENTS, Seen, event_now, open_session, reading
from tests.support.waiting import until

MIB = 1024 * 1024
_NUMBERED = re.compile(r"partition=(\d+) seq=(\d+) at=([\d.]+)")


def numbers(seen: Seen) -> dict[int, list[int]]:
    """Partition → the numbers that came from it, in their order."""
    found: dict[int, list[int]] = {}
    for line in seen.lines:
        if match := _NUMBERED.search(line):
            found.setdefault(int(match[1]), []).append(int(match[2]))
    return found


def assert_none_missing_or_twice(seen: Seen) -> None:
    for partition, got in numbers(seen).items():
        assert got == list(range(got[0], got[-1] + 1)), f"partition {partition}"


def delays(seen: Seen, arrived: Sequence[float]) -> list[float]:
    stamps = [float(match[3]) for line in seen.lines if (match := _NUMBERED.search(line))]
    return [at - stamp for at, stamp in zip(arrived, stamps, strict=False)]


async def test_the_backlog_joins_live_without_gap_or_double(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    space = kafka.create(topic())
    flow = Flow(kafka.bootstrap, space, count=24_000, rate=2_000)
    with flow.running(tmp_path):
        async with AsyncExitStack() as stack:
            readers: list[Seen] = []
            while len(readers) < 12:
                url = open_session(shuttle, space, "app0", lines=random.choice([0, 7, 100, 1500]))
                accept = random.choice([EVENTS, "*/*", "websocket"])
                readers.append(await stack.enter_async_context(reading(url, accept)))
                await readers[-1].until_lines(len(readers) * 10)
            for seen in readers:
                await until(partial(has_last, seen, 5999), 20, "the last lines")

    for seen in readers:
        assert_none_missing_or_twice(seen)
        assert not set(seen.kinds()) & {"gap", "skipped"}


def has_last(seen: Seen, number: int) -> bool:
    """Of all four partitions."""
    return [got[-1] for got in numbers(seen).values()] == [number] * 4


@pytest.mark.parametrize("accept", [EVENTS, "websocket"])
async def test_cut_off_at_random_a_reader_misses_nothing(
    accept: str, shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    space = kafka.create(topic())
    url = open_session(shuttle, space, "app0")
    flow = Flow(kafka.bootstrap, space, count=20_000, rate=2_500)
    seen = Seen()
    with flow.running(tmp_path):
        for _ in range(20):
            async with reading(url, accept, last_id=seen.last_id, seen=seen):
                await seen.until_lines(len(seen.lines) + random.randint(1, 700))
        async with reading(url, accept, last_id=seen.last_id, seen=seen):
            await until(partial(has_last, seen, 4999), 20, "the last lines")

    assert Counter(seen.ids).most_common(1)[0][1] == 1
    for partition, got in numbers(seen).items():
        assert sorted(got) == list(range(min(got), 5000)), f"partition {partition}"
    assert "gap" not in seen.kinds()


def silent_client(url: str, accept: str) -> socket.socket:
    """Asks and never reads."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    client = socket.create_connection((parts.hostname, parts.port))
    path, more = parts.path, f"Accept: {accept}\r\n"
    if accept == "websocket":
        path = f"{path}/ws"
        more = (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{more}\r\n".encode())
    return client


@pytest.mark.alone
async def test_those_who_never_read_change_nothing_for_others(
    own_shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    space = kafka.create(topic())
    kafka.produce(space, [event_now("old", "app0")])
    web = psutil.Process(own_shuttle.web.pid)
    flow = Flow(kafka.bootstrap, space, count=15_000, rate=3_000, padding=1_000)
    with ExitStack() as clients:
        async with AsyncExitStack() as stack:
            readers = []
            for number in range(10):
                url = open_session(own_shuttle, space, "app0", lines=1)
                readers.append(await stack.enter_async_context(reading(url)))
                accept = (EVENTS, "websocket")[number % 2]
                clients.enter_context(
                    silent_client(open_session(own_shuttle, space, "app0"), accept)
                )
            for seen in readers:
                await seen.until_lines(1)
            before = web.memory_info().rss
            with flow.running(tmp_path):
                for seen in readers:
                    await until(partial(has_last, seen, 3749), 40, "all lines")
            grown = web.memory_info().rss - before
            await until(lambda: connections(web) <= 11, 10, "silent ones are cut")  # and the API's
    await until(lambda: reads_for_nobody(web, kafka), 20, "nobody is read for any more")

    for seen in readers:
        assert_none_missing_or_twice(seen)
        assert "skipped" not in seen.kinds()
    assert grown < 64 * MIB


WATCHING = 2
"""Connections of who asks Kafka all the time whether it can be used."""


def connections(web: psutil.Process) -> int:
    """Of clients; those to Kafka are from a high port of ours to another."""
    listening = {c.laddr.port for c in web.net_connections() if c.status == psutil.CONN_LISTEN}
    return sum(
        connection.laddr.port in listening and connection.status == psutil.CONN_ESTABLISHED
        for connection in web.net_connections()
    )


async def test_a_slow_reader_is_told_how_many_it_missed(
    shuttle: Shuttle, kafka: Broker, topic: TopicNames, tmp_path: Path
) -> None:
    space = kafka.create(topic(), partitions=1)
    url = open_session(shuttle, space, "app0", lines=0)
    loop = asyncio.get_running_loop()
    with silent_client(url, EVENTS) as client:
        client.setblocking(False)
        got = await loop.sock_recv(client, 65536)
        flow = Flow(kafka.bootstrap, space, count=40_000, rate=20_000, padding=1_000, partitions=1)
        with flow.running(tmp_path) as process:
            while process.running:  # as slowly as one may
                got += await loop.sock_recv(client, 200_000)
                await asyncio.sleep(0.1)
        kafka.produce(space, [event_now("the last one", "app0")])
        async with asyncio.timeout(30):
            while b"the last one" not in got[-65536:]:
                got += await loop.sock_recv(client, 1_000_000)

    text = got.decode()
    skipped = sum(map(int, re.findall(r"Error L11 \(tail buffer overflow\): (\d+) mess", text)))
    lines = len(_NUMBERED.findall(text))
    assert skipped > 0
    assert lines + skipped == 40_000


@pytest.mark.slow
async def test_nothing_is_left_behind(
    own_shuttle: Shuttle, kafka: Broker, topic: TopicNames
) -> None:
    space = kafka.create(topic())
    kafka.produce(space, [event_now("old")])
    web = psutil.Process(own_shuttle.web.pid)

    async def read(count: int) -> None:
        async with AsyncExitStack() as stack:
            for number in range(count):
                accept = (EVENTS, "*/*", "websocket")[number % 3]
                url = open_session(own_shuttle, space)
                seen = await stack.enter_async_context(reading(url, accept))
                await seen.until_lines(1)

    groups = kafka.groups()
    await read(8)
    await until(lambda: reads_for_nobody(web, kafka), 20, "no connection to Kafka")
    threads, files = web.num_threads(), descriptors(web)
    await read(40)
    await until(lambda: reads_for_nobody(web, kafka), 20, "no connection to Kafka")
    await until(lambda: web.num_threads() <= threads, 10, "the threads of before")
    await until(lambda: descriptors(web) <= files, 10, "the files of before")
    assert kafka.groups() == groups


def descriptors(web: psutil.Process) -> int:
    """But for those of SQLite's file: it keeps one that is closed, for the next to open it, while
    another thread has a lock there. So there are as many as were open at once, ever."""
    of_sqlite = sum(".sqlite3" in file.path for file in web.open_files())
    return int(web.num_fds()) - of_sqlite


def reads_for_nobody(web: psutil.Process, kafka: Broker) -> bool:
    return kafka_connections(web, kafka) <= WATCHING


def kafka_connections(web: psutil.Process, kafka: Broker) -> int:
    port = int(kafka.bootstrap.rpartition(":")[2])
    return sum(c.raddr.port == port for c in web.net_connections() if c.raddr)
