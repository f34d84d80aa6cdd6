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
from drains.delivery.dialing import Dialer
from events.cluster import Cluster
from events.consumer import OffsetConsumer
from events.decode import Decoder
from events.group_consumer import Found, GroupConsumer
from events.kafka import consumer_conf
from events.records import TopicPartition
from events.topic_ids import TopicIds
from shuttle.chores import Chores, every
from shuttle.config import WorkerConfig
from shuttle.feed import Feed
from shuttle.jumps import Jumps
from shuttle.ledger import Ledger
from shuttle.pipeline import LivePass
from shuttle.registers import Registers
from shuttle.replay import ReplayPass, Replays
from shuttle.report import DrainFigures, WorkerReport, furthest_behind
from shuttle.roster import Roster
from shuttle.routing import Router
from shuttle.starts import Starts
from shuttle.status import Told
from shuttle.store import Claim, FeedStatus, Store, StoreError
from shuttle.storekeeper import Storekeeper
from shuttle.topics import Topics

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
        self._chores = Chores()
        self._registers: Registers[Feed] = Registers(Connector(Dialer(config.egress)), self._clock)
        self._roster = Roster(self._registers)
        self._ledger = Ledger()
        self._registers.settled = self._ledger.safe
        self._keeper = Storekeeper(store, self._registers, self._take_back, self._tell)
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
        self._live = LivePass(
            self._consumer, decoder, router, ledger, numbers, self._roster.expired
        )
        self._starts = Starts(
            self._cluster,
            self._keeper,
            self._roster,
            self._topic_ids,
            self._chores,
            self._live.backwards,
        )
        conf = consumer_conf(config.kafka, config.group)
        wall_clock = self._registers.wall_clock
        self._replays = Replays(
            lambda: OffsetConsumer(conf, "kafka-replay"),
            lambda consumer: ReplayPass(
                consumer, decoder, router, numbers, ledger.positions, wall_clock
            ),
            self._registers.behind,
            Jumps(self._cluster, ledger.positions, wall_clock),
            lambda: self._live.has_backlog,
        )

    def stop(self) -> None:
        """Idempotent; `run` does the rest and returns."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def report(self) -> WorkerReport:
        now, feeds = self._clock(), self._roster.by_id.values()
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
                        feed.account.lines_confirmed,
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
        chores = self._chores
        try:
            chores.run_once("start", self._start())
            await chores.watch(self._stopping)
            self._consumer.give_up_waiting()
            await self._live.stop()
        finally:
            await chores.cancel()
            await self._end()

    async def _start(self) -> None:
        """As soon as the database answers."""
        chores = self._chores
        await self._follow_routes()
        chores.start("live", self._live.run())
        chores.start("replay", self._replays.run())
        chores.start("flush", every(FLUSH_LOOK_SECONDS, self._flush_due, self._flush_share))
        chores.start("confirm", every(CONFIRM_SECONDS, self._confirm, lambda: 0.1))
        chores.start("store", self._keeper.run())
        chores.start("commit", every(COMMIT_SECONDS, self._commit, lambda: 0.05))
        chores.start("lag", every(0, self._watch_lag))
        chores.start("publish", every(PUBLISH_SECONDS, self._publish))
        chores.start("tend", every(TEND_SECONDS, self._tend))
        chores.start("topics", every(0, self._look_for_new_logs))
        chores.start("routes", every(ROUTES_SECONDS, self._follow_routes))
        logger.info("Consuming", extra={"action": "started"})

    # Chores.

    async def _watch_lag(self) -> None:
        before = self._clock()
        await asyncio.sleep(LAG_LOOK_SECONDS)
        self._loop_lag_seconds = max(self._clock() - before - LAG_LOOK_SECONDS, 0.0)

    async def _tend(self) -> None:
        now = self._clock()
        for feed in list(self._roster.by_id.values()):
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
        feeds, news = list(self._roster.by_id.values()), {}
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
            await self._keeper.ask(lambda store: store.publish(self._name, statuses))
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
        if await self._keeper.tell_losses():
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
        version = await self._keeper.insist(lambda store: store.route_version())
        if version != self._route_version:
            async with self._meeting:
                table = await self._keeper.insist(lambda store: store.routes())
                live = self._ledger.positions
                rows = await self._starts.of_drains(self._roster.unmet(table), live)
                self._route_version = version
                self._roster.follow(table, rows, live)
                self._router.route(self._roster.by_key)
            self._starts.write(table.by_id.values())
        topics = self._topics.change(self._roster.spaces, self._clock())
        if topics is not None:
            await self._consumer.subscribe(topics)

    # Partitions that come and go (see events.group_consumer.Assignments).

    def assigned(self, found: Mapping[TopicPartition, Found], generation: int) -> None:
        self._chores.run_once("take over", self._take_over(found, generation))

    async def _take_over(self, found: Mapping[TopicPartition, Found], generation: int) -> None:
        self._live.generations.update(dict.fromkeys(found, generation))
        token = f"{self._name}:{generation}:{uuid.uuid4().hex}"
        claims = {s: Claim(token, self._topic_ids.of(s.topic)) for s in found}

        def still_ours() -> list[TopicPartition]:
            return [s for s in found if self._live.generations.get(s) == generation]

        async with self._meeting:
            taken = await self._keeper.take_over(claims, still_ours)
            starts = await self._starts.of_partitions(found, taken)
            ours = still_ours()
            self._live.took_over(
                {source: max(starts[source], found[source].low) for source in ours}
            )
            self._roster.restore(taken, ours, self._ledger.positions)
            for source in ours:
                if starts[source] < found[source].low:
                    self._live.missing(source, starts[source], found[source].low)
        try:
            await self._consumer.begin({source: self._ledger.positions[source] for source in ours})
        except KafkaException as error:  # they went again while we looked up their cursors
            logger.warning("Kafka: %s", error, extra={"action": "resume_failed"})
        logger.info("Took over %d partitions", len(ours), extra={"action": "assigned"})

    def unanswered(self, partitions: Iterable[TopicPartition]) -> None:
        for source in partitions:
            self._leaderless.add(source)
            self._chores.run_once("leaderless", self._wait_for_leader(source))

    async def _wait_for_leader(self, source: TopicPartition) -> None:
        while source in self._leaderless:
            with suppress(KafkaException):
                if await self._cluster.lows([source]):
                    self._leaderless.discard(source)
                    await self._consumer.assign_again([source])
                    break
            await asyncio.sleep(RETRY_SECONDS)

    async def revoked(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        sources = set(partitions)
        for source in sources:
            self._live.generations.pop(source, None)
        await self._let_arrive(HAND_OVER_SECONDS)
        self._ledger.committable(math.inf)
        offsets = {s: at for s, at in self._ledger.safe.items() if s in sources}
        self.lost(sources)
        return offsets

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        sources = set(partitions)
        for source in sources:
            self._live.generations.pop(source, None)
        self._leaderless -= sources
        self._keeper.give_up(sources)
        self._ledger.revoked(sources)
        self._roster.forget(sources)

    def _take_back(self, partitions: Collection[TopicPartition]) -> None:
        """Somebody claimed them after us. If they are ours even so, they are taken over anew."""
        self.lost(partitions)
        self._chores.run_once("take back", self._consumer.assign_again(partitions))

    # Topics that are deleted and made anew.

    async def _look_for_new_logs(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(TOPICS_SECONDS):
                await self._live.backwards.wait()
        self._live.backwards.clear()
        topics = {source.topic for source in self._ledger.positions}
        try:
            changed = await asyncio.to_thread(self._topic_ids.changed, topics)
        except KafkaException as error:
            logger.warning("Kafka: %s", error, extra={"action": "topic_ids_failed"})
            return
        sources = [source for source in self._ledger.positions if source.topic in changed]
        if sources:
            logger.warning("Made anew: %s", ", ".join(changed), extra={"action": "topic_anew"})
            self._roster.new_logs(sources)
            self.lost(sources)
            await self._consumer.assign_again(sources)

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
                await self._keeper.keep(every_offset=True)

    async def _publish_in_time(self) -> None:
        """The last figures."""
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(STORE_SECONDS):
                await self._tell(self._roster.by_id.values())

    async def _end(self) -> None:
        await self._let_arrive(self._config.shutdown_grace_seconds, replayed=True)
        self._ledger.committable(math.inf)
        await self._keep_in_time()
        await self._publish_in_time()
        await self._consumer.close()  # what has arrived is committed as partitions go
        for feed in self._roster.by_id.values():
            feed.close()
        self._keeper.close()
        logger.info("Stopped", extra={"action": "stopped"})
