"""Metrics are written beside the event loop, and once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from events.process.probes import OwnAnswers

LIMIT_SECONDS = 10.0


class Slow(Collector):
    """Read by a thread, until the loop lets it go on: on the loop it would wait for ever."""

    def __init__(self) -> None:
        self.is_read, self.goes_on = threading.Event(), threading.Event()
        self.times = 0

    async def collected(self) -> Collector:
        self.times += 1
        return self

    def collect(self) -> Iterator[Metric]:
        self.is_read.set()
        assert self.goes_on.wait(LIMIT_SECONDS)
        yield GaugeMetricFamily("times", "How often.", value=self.times)


async def no_checks() -> dict[str, bool]:
    return {}


async def test_the_loop_goes_on_and_two_who_ask_at_once_get_the_same() -> None:
    slow = Slow()
    answers = OwnAnswers(slow.collected, no_checks)
    asked = [asyncio.create_task(answers.metrics()) for _ in range(2)]
    while not slow.is_read.is_set():
        await asyncio.sleep(0)
    late = asyncio.create_task(answers.metrics())
    await asyncio.sleep(0)
    asked[0].cancel()  # a scraper's time is over: the others' answer goes on
    slow.goes_on.set()

    first, second = await asyncio.gather(asked[1], late)
    assert first == second
    assert b"times 1.0" in first
    assert b"times 2.0" in await answers.metrics()
