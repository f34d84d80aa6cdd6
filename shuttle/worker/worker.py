"""One worker: builds the parts, watches them, ends them in order."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import platform
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from itertools import count

from confluent_kafka import KafkaException

from drains.delivery.build import Connector
from drains.delivery.network.dialing import Dialer
from events.formats.decode import Decoder
from events.kafka.client import consumer_conf
from events.kafka.cluster import Cluster
from events.kafka.consumer import OffsetConsumer
from events.kafka.group_member import Found, GroupConsumer
from events.kafka.records import TopicPartition
from events.kafka.topic_ids import TopicIds
from shuttle.commit.cursor_writer import CursorWriter
from shuttle.commit.ledger import Ledger
from shuttle.commit.store import Claim, FeedStatus, Store, StoreError
from shuttle.feed.context import Registers
from shuttle.feed.feed import Feed
from shuttle.pipeline import LivePass
from shuttle.replay.passes import ReplayPass, ReplayScheduler
from shuttle.replay.skips import LagSkips
from shuttle.routing import Router
from shuttle.worker.background import BackgroundTasks, every
from shuttle.worker.config import WorkerConfig
from shuttle.worker.feeds import Feeds
from shuttle.worker.report import DrainFigures, WorkerReport, furthest_behind
from shuttle.worker.starts import Starts
from shuttle.worker.status_publisher import Told
from shuttle.worker.topics import Topics

logger = logging.getLogger(__name__)

FLUSH_LOOK_SECONDS = 0.01
CONFIRM_SECONDS = 0.25
COMMIT_SECONDS = 0.5
ROUTES_SECONDS = 0.5
TOPICS_SECONDS = 5.0
LAG_LOOK_SECONDS = 1.0
TEND_SECONDS = 5.0
PUBLISH_SECONDS = 1.0
SLICE_FEEDS = 500
LOOK_FEEDS = 2000
"""At so many feeds a second it is looked whether there is news to be published."""
OUTBOXES_BYTES = 96 * 1024 * 1024
STORE_SECONDS = 2.0
HAND_OVER_SECONDS = 2.0
"""How long a partition that goes may wait for what is under way."""
RETRY_SECONDS = 1.0


class Worker:
    """Consumes, delivers and commits until `stop` is called. Run it once."""

    def __init__(self, config: WorkerConfig, store: Store) -> None:
        self._clock = asyncio.get_running_loop().time
        self._config = config
        self._leaderless: set[TopicPartition] = set()
        self._stopping = asyncio.Event()
        self._tasks = BackgroundTasks()
        self._registers: Registers[Feed] = Registers(Connector(Dialer(config.egress)), self._clock)
        self._feeds = Feeds(self._registers)
        self._ledger = Ledger()
        self._registers.settled = self._ledger.safe
        self._cursor_writer = CursorWriter(store, self._registers, self._take_back, self._tell)
        self._topic_ids = TopicIds(config.kafka)
        self._topics = Topics()
        self._told = Told()
        self._name = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._cluster = Cluster(config.kafka)
        self._route_version: int | None = None
        self._meeting = asyncio.Lock()
        """Held from when cursors are read until they are followed."""
        self._loop_lag_seconds = 0.0
        self._consumer_lag = 0
        self._publish_from = 0
        self._build_passes()

    def _build_passes(self) -> None:
        config, ledger = self._config, self._ledger
        decoder, numbers = Decoder(), count(1)
        self._router = router = Router(config.hostname)
        self._consumer = GroupConsumer(
            consumer_conf(config.kafka, config.group), self, self._topic_ids
        )
        self._live = LivePass(self._consumer, decoder, router, ledger, numbers, self._feeds.expired)
        self._starts = Starts(
            self._cluster,
            self._cursor_writer,
            self._feeds,
            self._topic_ids,
            self._tasks,
            self._live.backwards,
        )
        conf = consumer_conf(config.kafka, config.group)
        wall_clock = self._registers.wall_clock
        self._replays = ReplayScheduler(
            lambda: OffsetConsumer(conf, "kafka-replay"),
            lambda consumer: ReplayPass(
                consumer, decoder, router, numbers, ledger.positions, wall_clock
            ),
            self._registers.behind,
            LagSkips(self._cluster, ledger.positions, wall_clock),
            lambda: self._live.has_backlog,
        )

    def stop(self) -> None:
        """Idempotent; `run` does the rest and returns."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def report(self) -> WorkerReport:
        now, feeds = self._clock(), self._feeds.by_id.values()
        return WorkerReport(
            partitions=len(self._live.generations),
            subscribed=self._topics.subscribed,
            poll_age_seconds=now - self._live.polled_at,
            loop_lag_seconds=self._loop_lag_seconds,
            records_received=self._live.records,
            lines_delivered=self._registers.lines_confirmed,
            lines_in_flight=sum(feed.lines_in_flight for feed in self._registers.outstanding),
            lines_lost=self._registers.lines_lost,
            delays=self._registers.delays,
            consumer_lag=self._consumer_lag,
            outbox_bytes=sum(feed.outbox_bytes for feed in self._registers.outstanding),
            malformed=self._live.decoder.malformed.counts,
            drains=Counter(feed.state for feed in feeds),
            furthest=furthest_behind(
                (
                    DrainFigures(
                        feed.route.drain_id,
                        feed.lag_lines,
                        feed.lag_seconds,
                        feed.stats.lines_confirmed,
                    )
                    for feed in feeds
                ),
                self._config.metrics_max_drains,
            ),
        )

    async def checks(self) -> dict[str, bool]:
        """Whether it is ready, by what that hangs on."""
        return self.report().checks(await self._cluster.topics())

    async def run(self) -> None:
        tasks = self._tasks
        try:
            tasks.spawn("start", self._start())
            await tasks.watch(self._stopping)
            self._consumer.give_up_waiting()
            await self._live.stop()
        finally:
            await tasks.cancel()
            await self._end()

    async def _start(self) -> None:
        """As soon as the database answers."""
        tasks = self._tasks
        await self._follow_routes()
        tasks.start("live", self._live.run())
        tasks.start("replay", self._replays.run())
        tasks.start("flush", every(FLUSH_LOOK_SECONDS, self._flush_due, self._flush_share))
        tasks.start("confirm", every(CONFIRM_SECONDS, self._confirm, lambda: 0.1))
        tasks.start("store", self._cursor_writer.run())
        tasks.start("commit", every(COMMIT_SECONDS, self._commit, lambda: 0.05))
        tasks.start("lag", every(0, self._watch_lag))
        tasks.start("publish", every(PUBLISH_SECONDS, self._publish))
        tasks.start("tend", every(TEND_SECONDS, self._tend))
        tasks.start("topics", every(0, self._look_for_new_logs))
        tasks.start("routes", every(ROUTES_SECONDS, self._follow_routes))
        logger.info("Consuming", extra={"action": "started"})

    # Chores.

    async def _watch_lag(self) -> None:
        before = self._clock()
        await asyncio.sleep(LAG_LOOK_SECONDS)
        self._loop_lag_seconds = max(self._clock() - before - LAG_LOOK_SECONDS, 0.0)

    async def _tend(self) -> None:
        now = self._clock()
        for feed in list(self._feeds.by_id.values()):
            self._guarded(feed, lambda feed: feed.tend(now))
        ends = await self._consumer.ends(self._ledger.positions)
        at = self._ledger.positions
        self._consumer_lag = sum(max(end - at.get(s, end), 0) for s, end in ends.items())

    def _guarded(self, feed: Feed, act: Callable[[Feed], None]) -> None:
        """A fault of ours in what one drain needs is that drain's trouble alone."""
        try:
            act(feed)
        except Exception:
            drain = feed.route.drain_id
            logger.exception("Drain %s failed", drain, extra={"action": "feed_failed"})
            feed.give_up("internal error")

    async def _publish(self) -> None:
        now = self._clock()
        feeds, news = list(self._feeds.by_id.values()), {}
        part = feeds[self._publish_from : self._publish_from + LOOK_FEEDS]
        self._publish_from += len(part)
        if self._publish_from >= len(feeds):
            self._publish_from = 0
            self._told.keep_only(feeds)
        for start in range(0, len(part), SLICE_FEEDS):
            news.update(self._told.news(part[start : start + SLICE_FEEDS], now))
            await asyncio.sleep(0)
        with suppress(StoreError):  # it has said so; the next time tells it all
            await self._publish_these(news)

    async def _tell(self, feeds: Iterable[Feed]) -> None:
        await self._publish_these(self._told.all_of(feeds))

    async def _publish_these(self, news: Mapping[Feed, FeedStatus]) -> None:
        if news:
            now, statuses = self._clock(), list(news.values())
            await self._cursor_writer.ask(lambda store: store.publish(self._name, statuses))
            self._told.was_told(dict(news), now)

    def _flush_share(self) -> float:
        """Of the time, for writing: with thousands of drains lines gather longer than 50 ms.

        While there is more to read than we can take, fewer and larger writes get us on.
        """
        return 0.1 if self._live.has_backlog else 0.5

    async def _flush_due(self) -> None:
        now = self._clock()
        for due in self._registers.due.values():
            while due and due[0][0] <= now:
                self._guarded(due.popleft()[1], Feed.flush)

    async def _confirm(self) -> None:
        now, feeds = self._clock(), list(self._registers.outstanding)
        for start in range(0, len(feeds), SLICE_FEEDS):
            for feed in feeds[start : start + SLICE_FEEDS]:
                self._guarded(feed, lambda feed: feed.confirm(now))
            await asyncio.sleep(0)
        self._keep_within_budget()

    def _keep_within_budget(self) -> None:
        """All outboxes together are bounded: over it, the fullest leave the live pass."""
        sizes = {feed: feed.outbox_bytes for feed in self._registers.outstanding}
        excess = sum(sizes.values()) - OUTBOXES_BYTES
        if excess > 0:
            for fullest in sorted(sizes, key=sizes.__getitem__, reverse=True):
                fullest.leave_live("the worker's outboxes are full")
                excess -= sizes[fullest]
                if excess <= 0:
                    break

    async def _commit(self) -> None:
        if await self._cursor_writer.tell_losses():
            self._settle()
            try:
                await self._consumer.commit(self._ledger.committable(self._clock()))
            except KafkaException as error:
                # They are committed with the next, or the lines are delivered again.
                logger.warning("Commit failed: %s", error, extra={"action": "commit_failed"})

    def _settle(self) -> None:
        registers = self._registers
        held = [feed.held_batch for feed in registers.outstanding | registers.unstored]
        self._ledger.settle([batch for batch in held if batch is not None], self._clock())

    async def _follow_routes(self) -> None:
        version = await self._cursor_writer.insist(lambda store: store.route_version())
        if version != self._route_version:
            async with self._meeting:
                table = await self._cursor_writer.insist(lambda store: store.routes())
                live = self._ledger.positions
                rows = await self._starts.of_drains(self._feeds.unmet(table), live)
                self._route_version = version
                self._feeds.follow(table, rows, live)
                self._router.route(self._feeds.by_key)
            self._starts.write(table.by_id.values())
        topics = self._topics.change(self._feeds.spaces, self._clock())
        if topics is not None:
            await self._consumer.subscribe(topics)

    # Partitions that come and go (see events.kafka.group_member.Assignments).

    def assigned(self, found: Mapping[TopicPartition, Found], generation: int) -> None:
        self._tasks.spawn("take over", self._take_over(found, generation))

    async def _take_over(self, found: Mapping[TopicPartition, Found], generation: int) -> None:
        self._live.generations.update(dict.fromkeys(found, generation))
        token = f"{self._name}:{generation}:{uuid.uuid4().hex}"
        claims = {s: Claim(token, self._topic_ids.of(s.topic)) for s in found}

        def still_ours() -> list[TopicPartition]:
            return [s for s in found if self._live.generations.get(s) == generation]

        async with self._meeting:
            taken = await self._cursor_writer.take_over(claims, still_ours)
            starts = await self._starts.of_partitions(found, taken)
            ours = still_ours()
            self._live.took_over(
                {partition: max(starts[partition], found[partition].low) for partition in ours}
            )
            self._feeds.restore(taken, ours, self._ledger.positions)
            for partition in ours:
                if starts[partition] < found[partition].low:
                    self._live.missing(partition, starts[partition], found[partition].low)
        try:
            await self._consumer.begin(
                {partition: self._ledger.positions[partition] for partition in ours}
            )
        except KafkaException as error:  # they went again while we looked up their cursors
            logger.warning("Kafka: %s", error, extra={"action": "resume_failed"})
        logger.info("Took over %d partitions", len(ours), extra={"action": "assigned"})

    def unanswered(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self._leaderless.add(partition)
            self._tasks.spawn("leaderless", self._wait_for_leader(partition))

    async def _wait_for_leader(self, partition: TopicPartition) -> None:
        while partition in self._leaderless:
            with suppress(KafkaException):
                if await self._cluster.lows([partition]):
                    self._leaderless.discard(partition)
                    await self._consumer.assign_again([partition])
                    break
            await asyncio.sleep(RETRY_SECONDS)

    async def revoked(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        gone = set(partitions)
        for partition in gone:
            self._live.generations.pop(partition, None)
        await self._let_arrive(HAND_OVER_SECONDS)
        self._ledger.committable(math.inf)
        offsets = {s: at for s, at in self._ledger.safe.items() if s in gone}
        self.lost(gone)
        return offsets

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        gone = set(partitions)
        for partition in gone:
            self._live.generations.pop(partition, None)
        self._leaderless -= gone
        self._cursor_writer.give_up(gone)
        self._ledger.revoked(gone)
        self._feeds.forget(gone)

    def _take_back(self, partitions: Collection[TopicPartition]) -> None:
        """Somebody claimed them after us. If they are ours even so, they are taken over anew."""
        self.lost(partitions)
        self._tasks.spawn("take back", self._consumer.assign_again(partitions))

    # Topics that are deleted and made anew.

    async def _look_for_new_logs(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TOPICS_SECONDS):
                await self._live.backwards.wait()
        self._live.backwards.clear()
        topics = {partition.topic for partition in self._ledger.positions}
        try:
            changed = await asyncio.to_thread(self._topic_ids.changed, topics)
        except KafkaException as error:
            logger.warning("Kafka: %s", error, extra={"action": "topic_ids_failed"})
            return
        partitions = [
            partition for partition in self._ledger.positions if partition.topic in changed
        ]
        if partitions:
            logger.warning("Made anew: %s", ", ".join(changed), extra={"action": "topic_anew"})
            self._feeds.new_logs(partitions)
            self.lost(partitions)
            await self._consumer.assign_again(partitions)

    # The end.

    async def _let_arrive(self, limit_seconds: float, *, replayed: bool = False) -> None:
        """Flush, wait for what is under way to be confirmed, store cursors, settle.

        `replayed`: wait for lines of drains that are behind, too, while those get on.
        """
        until = self._clock() + limit_seconds
        for feed in list(self._registers.outstanding):
            feed.flush()
        while self._clock() < until:
            await self._confirm()
            under_way = self._registers.outstanding
            now = self._clock()
            if not any(f.accepting or (replayed and f.gets_on(now)) for f in under_way):
                break
            await asyncio.sleep(FLUSH_LOOK_SECONDS)
        await self._keep_in_time()
        self._settle()

    async def _keep_in_time(self) -> None:
        with suppress(TimeoutError):  # what is not stored is not committed
            async with asyncio.timeout(STORE_SECONDS):
                await self._cursor_writer.keep(every_offset=True)

    async def _publish_in_time(self) -> None:
        """The last figures."""
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(STORE_SECONDS):
                await self._tell(self._feeds.by_id.values())

    async def _end(self) -> None:
        await self._let_arrive(self._config.shutdown_grace_seconds, replayed=True)
        self._ledger.committable(math.inf)
        await self._keep_in_time()
        await self._publish_in_time()
        await self._consumer.close()  # what has arrived is committed as partitions go
        for feed in self._feeds.by_id.values():
            feed.close()
        self._cursor_writer.close()
        logger.info("Stopped", extra={"action": "stopped"})
