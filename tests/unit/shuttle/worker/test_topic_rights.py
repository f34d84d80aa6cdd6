"""Topics that Kafka does not let us read: looked for, and told of the drains that want them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any, cast

import pytest
from confluent_kafka import KafkaException

from drains.routes import RouteChanges, RouteMark
from events.kafka.records import Offsets, TopicPartition
from events.topics import BUILD, ROUTER, SOURCE_TOPICS
from shuttle.worker.feeds import Feeds
from shuttle.worker.standing import state_shown, status_of
from shuttle.worker.topic_rights import TopicRights
from shuttle.worker.topics import Topics
from tests.support.feed_bench import FeedBench, route_of

REFUSED = "Kafka does not let us read the topic gs"


class Cluster:
    def __init__(self) -> None:
        self.refused = {"gs"}
        self.asked: Collection[str] = ()
        self.away = False

    async def unreadable(self, topics: Collection[str]) -> frozenset[str]:
        if self.away:
            raise KafkaException("away")
        self.asked = topics
        return frozenset(self.refused & {*topics})


class Bench(FeedBench):
    def __init__(self) -> None:
        super().__init__()
        self.cluster, topics = Cluster(), Topics()
        topics.subscribed = SOURCE_TOPICS | {"gs"}
        self.positions: Offsets = {}
        self.feeds = Feeds(self.context, self.lists)
        self.feeds.routes.follow(RouteChanges(RouteMark(1), [self.feed.route]))
        self.feeds.by_id = {"d1": self.feed}
        cluster, at = cast(Any, self.cluster), self.positions
        self.rights = TopicRights(cluster, topics, at, self.context, self.feeds)

    def told(self) -> tuple[str, str, float | None]:
        status = status_of(self.feed)
        return status.state, status.last_error, status.last_error_at


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as made:
        yield made


async def test_drains_that_want_it_fail_with_the_reason_until_it_may_be_read(bench: Bench) -> None:
    await bench.rights.look()
    since = bench.wall
    bench.wall += 5
    await bench.rights.look()
    assert bench.told() == ("failing", REFUSED, since)
    assert state_shown(bench.feed.route, bench.feed) == "failing"

    bench.feed.change_to(route_of(paused=True))
    assert bench.told()[0] == "paused"
    bench.feed.change_to(route_of())
    bench.cluster.refused.clear()
    await bench.rights.look()
    assert bench.told() == ("live", "", None)


async def test_another_spaces_topic_is_nothing_to_it(bench: Bench) -> None:
    bench.context.refused_topics["other"] = bench.wall
    assert bench.told()[0] == "live"


async def test_while_kafka_is_away_it_stays_what_it_was(bench: Bench) -> None:
    await bench.rights.look()
    bench.cluster.away = True
    await bench.rights.look()
    assert bench.told()[0] == "failing"


async def test_a_sources_topic_that_cannot_be_seen_may_not_be_there(bench: Bench) -> None:
    bench.cluster.refused = {ROUTER.topic, BUILD.topic}
    await bench.rights.look()
    assert (bench.cluster.asked, bench.told()[0]) == ({"gs"}, "live")

    bench.positions[TopicPartition(ROUTER.topic, 0)] = 5
    await bench.rights.look()
    assert (bench.cluster.asked, bench.told()[0]) == ({"gs", ROUTER.topic}, "failing")
