"""A crowd before log sessions, and what another app's viewers see of it."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
import httpx
from confluent_kafka import Producer

from tests.support.broker import Broker
from tests.support.shuttle import AUTH_KEY, Shuttle
from tests.support.tailing import event_now, open_session
from tests.support.waiting import wait_until

LINE_EVERY_SECONDS = 0.05
LIMIT_SECONDS = 60.0
REFUSED_SECONDS = 1.0
"""Then it tries again: no flood of requests, which costs whatever is asked for."""


@contextmanager
def crowd(urls: Sequence[str], readers: int) -> Iterator[Counter[int]]:
    """So many readers of each, again and again while the block runs: how often they were answered
    what."""
    answers: Counter[int] = Counter()
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_read_all(urls, readers, over, answers)))
    thread.start()
    try:
        all_there = len(urls) * readers
        wait_until(lambda: answers.total() >= all_there, LIMIT_SECONDS, "the crowd is there")
        yield answers
    finally:
        over.set()
        thread.join()


async def _read_all(
    urls: Sequence[str], readers: int, over: threading.Event, answers: Counter[int]
) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    limit = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as http:
        tasks = [asyncio.create_task(_read(http, url, answers)) for url in list(urls) * readers]
        while not over.is_set():
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(http: aiohttp.ClientSession, url: str, answers: Counter[int]) -> None:
    while True:
        async with http.get(url) as answer:
            answers[answer.status] += 1
            async for _ in answer.content.iter_any():
                pass
        if answer.status != httpx.codes.OK:
            await asyncio.sleep(random.uniform(0.5, 1.5) * REFUSED_SECONDS)


@dataclass
class TailDelays:
    """In seconds; what is still under way counts with its age."""

    first: list[float] = field(default_factory=list)
    """From asking for a session to its first line, which lies in the past."""
    live: list[float] = field(default_factory=list)
    """From writing a line to having it."""

    def __str__(self) -> str:
        return f"first line {_told(self.first)}; live {_told(self.live)}"

    @property
    def p99(self) -> tuple[float, float]:
        return _quantile(self.first, 0.99), _quantile(self.live, 0.99)


@contextmanager
def other_viewers(shuttle: Shuttle, kafka: Broker, space: str) -> Iterator[TailDelays]:
    """Of app `other`, in a space that has a line of it. The delays are there after the block."""
    seen, over, all_read = TailDelays(), threading.Event(), threading.Event()
    sent: list[float] = []
    live_url = open_session(shuttle, space, "other", lines=1)
    writer = threading.Thread(target=_write, args=(kafka, space, all_read, sent))
    readers = [
        threading.Thread(target=_open_again, args=(shuttle, space, over, seen)),
        threading.Thread(target=_follow, args=(live_url, over, sent, seen)),
    ]
    for thread in (writer, *readers):
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in readers:
            thread.join()
        all_read.set()
        writer.join()
    now = time.monotonic()
    seen.live += [now - at for at in sent[len(seen.live) :]]


def _open_again(shuttle: Shuttle, space: str, over: threading.Event, seen: TailDelays) -> None:
    base, headers = str(shuttle.api.base_url), {"Authorization": AUTH_KEY}
    with httpx.Client(base_url=base, headers=headers, timeout=LIMIT_SECONDS) as http:
        while not over.wait(0.2):
            asked = {"app": "other", "space": space, "lines": 1}
            session_id = http.post("/log-sessions", json=asked).json()["id"]
            began = time.monotonic()
            with http.stream("GET", f"/log-sessions/{session_id}") as answer:
                next(answer.iter_lines())
            seen.first.append(time.monotonic() - began)
            http.delete(f"/log-sessions/{session_id}")


def _write(kafka: Broker, space: str, over: threading.Event, sent: list[float]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 1})
    while not over.wait(LINE_EVERY_SECONDS):
        sent.append(time.monotonic())
        producer.produce(space, event_now(f"number={len(sent) - 1}", "other"), partition=0)
        producer.poll(0)
    producer.flush(10)


def _follow(url: str, over: threading.Event, sent: list[float], seen: TailDelays) -> None:
    """The last line may be one from before."""
    with httpx.Client(timeout=LIMIT_SECONDS) as http, http.stream("GET", url) as answer:
        for line in answer.iter_lines():
            number = line.rpartition("number=")[2]
            if number.isdigit() and int(number) < len(sent):
                seen.live.append(time.monotonic() - sent[int(number)])
            if over.is_set():
                return


def _quantile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds) or [float("inf")]
    return ordered[int((len(ordered) - 1) * share)]


def _told(seconds: list[float]) -> str:
    p50, p99, most = (_quantile(seconds, share) for share in (0.5, 0.99, 1.0))
    return f"p50 {p50:.3f}, p99 {p99:.3f}, most {most:.3f} s of {len(seconds)}"
