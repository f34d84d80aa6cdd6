"""What a worker tells of many drains costs the event loop no more at a time than of few."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaException

from drains.routes import RouteChanges, RouteMark
from shuttle.feed.feed import Feed
from shuttle.worker import figures, standing
from shuttle.worker.feeds import Feeds
from shuttle.worker.figures import SLICE_FEEDS, WorkerFigures
from shuttle.worker.report import DrainLag
from tests.support.feed_bench import P0, FeedBench, route_of

DRAINS = 2_000
SHOWN = 3


class Bench(FeedBench):
    """A worker of many drains, of which the last one has a line under way."""

    def __init__(self) -> None:
        super().__init__(replace_id(DRAINS))
        self.feeds = Feeds(self.context, self.lists)
        self.feeds.routes.follow(
            RouteChanges(RouteMark(1), [replace_id(n) for n in range(1, DRAINS + 1)])
        )
        self.feeds.by_id[self.feed.route.drain_id] = self.feed
        for number in range(1, DRAINS // 2):
            self.feeds.of_drain(replace_id(number).drain_id)
        self.topics, self.partitions = frozenset({"gs"}), 2
        malformed = SimpleNamespace(counts={}, partial=0)
        live = SimpleNamespace(
            received={}, polled_at=self.now, decoder=SimpleNamespace(malformed=malformed)
        )
        live.partitions = self.partitions
        self.live = live
        self.figures = WorkerFigures(
            cast(Any, live),
            cast(Any, None),
            cast(Any, SimpleNamespace(consumer_lag=0)),
            cast(Any, SimpleNamespace(subscribed=lambda: self.topics)),
            self.context,
            self.feeds,
            self.lists,
            drains_shown=SHOWN,
        )


def replace_id(number: int) -> Any:
    return replace(route_of(), drain_id=f"d{number:05}")


async def test_others_have_their_turn_after_each_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only drains with lines under way, or a gap, are asked how far behind they are."""
    looked_at: list[Feed] = []

    def looked(feed: Feed) -> Any:
        looked_at.append(feed)
        return standing.status_of(feed)

    monkeypatch.setattr(figures, "status_of", looked)
    async with Bench() as bench:
        await bench.sent(batch=1, begin=5)
        made = asyncio.create_task(bench.figures.report(0.5))
        turns = 0
        while not made.done():
            await asyncio.sleep(0)
            turns += 1
        report = await made

        assert turns >= DRAINS // SLICE_FEEDS
        assert looked_at == [bench.feed]
        assert sum(report.drains.values()) == DRAINS
        assert [of.drain_id for of in report.furthest] == ["d02000", "d00001", "d00002", "other"]
        assert report.furthest[0].lag_messages == 1
        assert report.furthest[-1] == DrainLag(0, 0.0, "other", 0)


class Kafka:
    """How often it was asked for what."""

    def __init__(self, *, answers: bool = True, topics: frozenset[str] | None = None) -> None:
        self._answers, self._topics = answers, topics
        self.asked: list[str] = []

    async def answers(self) -> bool:
        self.asked.append("anything")
        return self._answers

    async def partitions(self, topics: frozenset[str]) -> dict[str, Any]:
        self.asked.append("topics")
        if self._topics is None:
            raise KafkaException
        return {topic: {} for topic in topics & self._topics}


@pytest.mark.parametrize(
    ("partitions", "kafka", "assignment", "asked"),
    [
        (2, Kafka(), True, ["anything"]),
        (2, Kafka(answers=False), True, ["anything"]),
        (0, Kafka(answers=False), False, ["anything"]),
        (0, Kafka(topics=frozenset({"gs", "other"})), False, ["anything", "topics"]),
        (0, Kafka(topics=frozenset({"other"})), True, ["anything", "topics"]),
        (0, Kafka(), False, ["anything", "topics"]),
    ],
)
async def test_who_has_partitions_does_not_ask_which_topics_there_are(
    partitions: int, kafka: Kafka, assignment: bool, asked: list[str]
) -> None:
    async with Bench() as bench:
        bench.live.partitions = partitions
        found = await bench.figures.checks(cast(Any, kafka), ())
        assert found["assignment"] == assignment
        assert found["kafka"] == (await kafka.answers())
        assert found["routes"]
        assert kafka.asked == [*asked, "anything"]


async def test_with_partitions_that_wait_for_their_cursors_it_is_not_ready() -> None:
    async with Bench() as bench:
        assert (await bench.figures.checks(cast(Any, Kafka()), ()))["cursors"]
        assert not (await bench.figures.checks(cast(Any, Kafka()), [P0]))["cursors"]


async def test_without_routes_it_is_not_ready() -> None:
    async with Bench() as bench:
        bench.topics = frozenset()
        assert not (await bench.figures.checks(cast(Any, Kafka()), ()))["routes"]
