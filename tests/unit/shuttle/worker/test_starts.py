"""Where drains and the live pass begin: cursors, offsets of the group, and now and then a clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from drains.destination import Destination
from drains.routes import Route, RouteChanges, RouteMark
from events.kafka.answers import StampedOffset as FoundByTime
from events.kafka.cluster import Span
from events.kafka.records import Offsets, TopicPartition
from events.keys import AppKey, SiteKey
from events.topics import BUILD, ROUTER, topics_of
from shuttle.commit.store import TakenOver
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.stored_rows import StoredCursor
from shuttle.worker import starts
from shuttle.worker.feeds import Feeds
from shuttle.worker.starts import YOUNG_SECONDS, PartitionState, Starts
from tests.support.errands import Errands
from tests.support.fake_sender import FakeReceiver
from tests.support.fake_store_thread import FakeStoreThread
from tests.support.feed_bench import P0, P1

GOLD, LEAD = AppKey("gold", "gs"), AppKey("lead", "gs")
R0 = TopicPartition(ROUTER.topic, 0)
SINCE_MS = 1_600_000_000_000
AWAY = KafkaException(KafkaError(KafkaError._TRANSPORT))


def route(drain_id: str, key: AppKey | SiteKey = GOLD, **changes: Any) -> Route:
    made = Route(drain_id, key, Destination.parse("syslog://h:514"))
    return replace(made, **changes)


class Cluster:
    """Answers, or raises, what it was told, one after the other."""

    def __init__(self) -> None:
        self.by_time: list[dict[TopicPartition, FoundByTime | None] | Exception] = []
        self.ends: list[list[Span] | Exception] = []
        self.asked: list[Any] = []

    async def at(
        self, partitions: Collection[TopicPartition], epoch_ms: int
    ) -> dict[TopicPartition, FoundByTime | None]:
        self.asked.append((list(partitions), epoch_ms))
        found: dict[TopicPartition, FoundByTime | None] = _answer(self.by_time.pop(0))
        return found

    async def spans(self, topics: Collection[str], since_ms: int | None) -> list[Span]:
        self.asked.append((set(topics), since_ms))
        ends: list[Span] = _answer(self.ends.pop(0))
        return ends


def _answer(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


class Store:
    def __init__(self) -> None:
        self.rows: dict[str, dict[TopicPartition, StoredCursor]] = {}
        self.asked: list[set[str]] = []
        self.begun: list[tuple[str, list[Span]]] = []

    def cursors_of(
        self, drain_ids: Collection[str]
    ) -> dict[str, dict[TopicPartition, StoredCursor]]:
        self.asked.append(set(drain_ids))
        return {drain_id: rows for drain_id, rows in self.rows.items() if drain_id in drain_ids}

    def write_start(self, drain_id: str, begin: Sequence[Span]) -> None:
        self.begun.append((drain_id, list(begin)))


class TopicIds:
    def of(self, topic: str) -> str:
        return "log1" if topic == "gs" else ""


class Bench:
    def __init__(self) -> None:
        self.cluster, self.store, self.tasks = Cluster(), Store(), Errands()
        self.now = 1000.0
        self.another_log = asyncio.Event()
        context = FeedContext(FakeReceiver().connect, lambda: self.now)
        self.feeds = Feeds(context, WorkLists())
        self.starts = Starts(
            cast(Any, self.cluster),
            cast(Any, None),
            cast(Any, FakeStoreThread(self.store)),
            self.feeds,
            cast(Any, TopicIds()),
            self.tasks,
            self.another_log,
            lambda: self.now,
        )

    def met(self, *routes: Route) -> None:
        """The worker has feeds for these, and begins them nowhere."""
        self.feeds.follow(RouteChanges(RouteMark(1), routes, is_whole=True), {}, {})

    async def start(
        self,
        partition: TopicPartition = P0,
        committed: int | None = None,
        *,
        offset: int | None = None,
        cursors: Mapping[str, int] | None = None,
    ) -> int:
        """Where a partition begins that holds offsets from 5 to just before 500."""
        taken = TakenOver(
            {
                drain_id: {partition: StoredCursor(at, "log1")}
                for drain_id, at in (cursors or {}).items()
            },
            {},
            {} if offset is None else {partition: offset},
        )
        found = {partition: PartitionState(committed, 5, 500)}
        return (await self.starts.of_partitions(found, taken))[partition]

    async def of(self, route: Route, *here: TopicPartition) -> Offsets:
        found = (await self.starts.of_drains([route], here)).get(route.drain_id, {})
        return {partition: row.offset for partition, row in found.items()}


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(starts, "RETRY_SECONDS", 0.0)
    made = Bench()
    yield made
    await made.tasks.cancel()
    for feed in made.feeds.by_id.values():
        feed.close()


# Partitions.


async def test_a_partition_begins_where_the_group_stands(bench: Bench) -> None:
    bench.met(route("1"))
    assert await bench.start(committed=40) == 40
    assert await bench.start(committed=0) == 0


async def test_what_we_wrote_down_counts_where_kafka_has_forgotten(bench: Bench) -> None:
    bench.met(route("1"))
    assert await bench.start(committed=None, offset=30) == 30
    assert await bench.start(committed=None, offset=0) == 0


@pytest.mark.parametrize(("committed", "offset"), [(40, 30), (30, 40)])
async def test_the_higher_of_both_is_safe(bench: Bench, committed: int, offset: int) -> None:
    bench.met(route("1"))
    assert await bench.start(committed=committed, offset=offset) == 40


async def test_a_topic_that_nobody_wants_begins_at_its_end(bench: Bench) -> None:
    bench.met(route("1", AppKey("gold", "elsewhere")))
    assert await bench.start() == 500
    # Sites have lines in the router's topic, and in no other.
    bench.met(route("2", SiteKey("www.gold.example")))
    assert await bench.start(TopicPartition(BUILD.topic, 0)) == 500
    assert await bench.start(R0) == 0


async def test_where_all_drains_have_cursors_it_begins_at_the_lowest(bench: Bench) -> None:
    bench.met(route("1"), route("2", LEAD))
    cursors = {"1": 80, "2": 60}
    assert await bench.start(cursors=cursors) == 60
    assert await bench.start(committed=40, cursors=cursors) == 60
    assert await bench.start(committed=70, cursors=cursors) == 70
    assert await bench.start(offset=90, cursors=cursors) == 90


async def test_a_drain_without_a_cursor_begins_where_the_group_stands(bench: Bench) -> None:
    bench.met(route("1"), route("2", LEAD))
    assert await bench.start(committed=40, cursors={"1": 60}) == 40


async def test_where_nobody_has_read_it_begins_at_the_beginning(bench: Bench) -> None:
    bench.met(route("1"), route("2", LEAD))
    assert await bench.start() == 0
    assert await bench.start(cursors={"1": 60}) == 0


async def test_cursors_of_drains_that_have_no_lines_there_do_not_count(bench: Bench) -> None:
    bench.met(route("1"), route("2", AppKey("gold", "elsewhere")))
    assert await bench.start(cursors={"2": 60, "gone": 70}) == 0
    assert await bench.start(cursors={"1": 80, "2": 60, "gone": 70}) == 80


async def test_one_that_has_no_start_yet_does_not_count(bench: Bench) -> None:
    bench.met(route("1", start_pending=True, since_ms=SINCE_MS))
    assert await bench.start() == 500
    bench.met(route("1", start_pending=True, since_ms=SINCE_MS), route("2"))
    assert await bench.start(cursors={"2": 60}) == 60


async def test_drains_without_cursors_may_begin_at_a_time(bench: Bench) -> None:
    bench.met(route("1", since_ms=SINCE_MS + 5), route("2", since_ms=SINCE_MS), route("3"))
    bench.cluster.by_time = [{P0: FoundByTime(70, SINCE_MS)}]
    assert await bench.start(cursors={"3": 200}) == 70
    assert bench.cluster.asked == [([P0], SINCE_MS)]


async def test_one_without_a_time_begins_at_the_beginning_for_all(bench: Bench) -> None:
    bench.met(route("1", since_ms=SINCE_MS), route("2"))
    assert await bench.start() == 0
    assert bench.cluster.asked == []


async def test_a_time_decides_nothing_where_somebody_has_read(bench: Bench) -> None:
    bench.met(route("1", since_ms=SINCE_MS))
    assert await bench.start(committed=40) == 40
    assert bench.cluster.asked == []


async def test_what_is_all_older_than_a_drain_is_not_for_it(bench: Bench) -> None:
    bench.met(route("1", since_ms=SINCE_MS))
    bench.cluster.by_time = [{P0: None}]
    assert await bench.start() == 500


async def test_kafka_is_asked_for_a_time_until_it_answers(bench: Bench) -> None:
    bench.met(route("1", since_ms=SINCE_MS))
    bench.cluster.by_time = [AWAY, AWAY, {P0: FoundByTime(70, SINCE_MS)}]
    assert await bench.start() == 70


# Drains.


async def test_a_drain_goes_on_at_its_cursors_in_partitions_that_are_here(bench: Bench) -> None:
    bench.store.rows["1"] = {P0: StoredCursor(60, "log1"), P1: StoredCursor(70, "log1")}
    assert await bench.of(route("1"), P0) == {P0: 60}
    assert await bench.of(route("1"), P0, P1) == {P0: 60, P1: 70}
    assert await bench.of(route("2"), P0, P1) == {}


async def test_the_database_is_asked_only_where_there_is_something_to_know(bench: Bench) -> None:
    assert await bench.of(route("1")) == {}
    assert await bench.starts.of_drains([], [P0]) == {}
    assert bench.store.asked == []


async def test_a_cursor_of_another_log_is_told_and_does_not_count(bench: Bench) -> None:
    bench.store.rows["1"] = {P0: StoredCursor(60, "log0"), P1: StoredCursor(70, "log1")}
    assert await bench.of(route("1"), P0, P1) == {P1: 70}
    assert bench.another_log.is_set()


@pytest.mark.parametrize(("partition", "log"), [(P0, ""), (R0, "log7")])
async def test_a_log_that_nobody_can_name_is_taken_for_the_same(
    bench: Bench, partition: TopicPartition, log: str
) -> None:
    bench.store.rows["1"] = {partition: StoredCursor(60, log)}
    assert await bench.of(route("1"), partition) == {partition: 60}
    assert not bench.another_log.is_set()


async def test_a_drain_gets_all_of_a_partition_that_is_younger(bench: Bench) -> None:
    """It was made before the partition, and is met when the live pass is past its beginning."""
    await bench.start(P0)
    bench.now += YOUNG_SECONDS - 1
    assert await bench.of(route("1"), P0) == {P0: 0}
    assert await bench.of(route("2", AppKey("gold", "elsewhere")), P0) == {}

    bench.store.rows["1"] = {P0: StoredCursor(60, "log1")}
    assert await bench.of(route("1"), P0) == {P0: 60}

    bench.now += 2
    assert await bench.of(route("3"), P0) == {}


async def test_a_partition_that_somebody_had_read_is_not_young(bench: Bench) -> None:
    await bench.start(P0, committed=40)
    await bench.start(P1, offset=40)
    assert await bench.of(route("1"), P0, P1) == {}


async def test_who_has_a_start_of_another_kind_gets_nothing_of_it(bench: Bench) -> None:
    await bench.start(P0)
    bench.met(route("known"))
    assert await bench.of(route("known", cursor_version=1), P0) == {}
    assert await bench.of(route("1", start_pending=True), P0) == {}
    assert await bench.of(route("1", since_ms=SINCE_MS), P0) == {}


async def test_a_young_partition_that_has_gone_is_nobodys_start(bench: Bench) -> None:
    await bench.start(P0)
    await bench.start(P1)
    assert await bench.of(route("1"), P1) == {P1: 0}


# Drains that were made while Kafka was away.


async def written(bench: Bench, *routes: Route) -> None:
    bench.starts.write(RouteChanges(RouteMark(1), routes))
    bench.starts.write(RouteChanges(RouteMark(1), routes))  # they may be read again and again
    await bench.tasks.done()


async def test_a_start_is_written_once_kafka_answers(bench: Bench) -> None:
    pending = route("1", start_pending=True, since_ms=SINCE_MS)
    bench.met(pending)
    span = Span(P0, "log1", 60, 500)
    bench.cluster.ends = [AWAY, [span]]
    await written(bench, pending, route("2"))

    assert bench.store.begun == [("1", [span])]
    assert bench.cluster.asked == [(set(topics_of(GOLD)), SINCE_MS)] * 2


async def test_a_drain_that_is_deleted_meanwhile_is_not_waited_for(bench: Bench) -> None:
    pending = route("1", start_pending=True, since_ms=SINCE_MS)
    bench.met(pending)
    bench.cluster.ends = [AWAY] * 1000
    bench.starts.write(RouteChanges(RouteMark(1), [pending]))
    await asyncio.sleep(0)
    bench.met()
    bench.starts.write(RouteChanges(RouteMark(2), gone=["1"]))
    await bench.tasks.done()

    assert bench.store.begun == []
