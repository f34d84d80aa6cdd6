"""One worker: builds the parts, watches them, ends them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import uuid
from contextlib import suppress
from itertools import count

from drains.delivery.build import Connector
from drains.delivery.network.dialing import Dialer
from events.formats.decode import Decoder
from events.kafka.client import consumer_conf, reader_conf
from events.kafka.cluster import Cluster
from events.kafka.group_member import GroupMember
from events.kafka.offset_consumer import OffsetConsumer
from events.kafka.topic_ids import TopicIds
from shuttle.commit.cursor_writer import CursorWriter
from shuttle.commit.ledger import Ledger
from shuttle.commit.store import Store, StoreError, WorkerNote
from shuttle.commit.store_thread import StoreThread
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.pipeline import LivePass
from shuttle.replay.passes import ReplayPass
from shuttle.replay.scheduler import ReplayScheduler
from shuttle.replay.skips import LagSkips
from shuttle.routing import Router
from shuttle.worker.assignment import Assignment
from shuttle.worker.background import BackgroundTasks, every
from shuttle.worker.config import WorkerConfig
from shuttle.worker.feeds import Feeds
from shuttle.worker.figures import WorkerFigures
from shuttle.worker.ownership import Ownership
from shuttle.worker.rebalance import Rebalance
from shuttle.worker.report import WorkerReport
from shuttle.worker.rollups import Rollups
from shuttle.worker.route_follower import RouteFollower
from shuttle.worker.starts import Starts
from shuttle.worker.status_publisher import StatusPublisher
from shuttle.worker.status_writer import StatusWriter
from shuttle.worker.ticks import LOOK_SECONDS, Ticks
from shuttle.worker.topic_rights import TopicRights
from shuttle.worker.trust import Trust
from shuttle.worker.waits import Waits
from shuttle.worker.widening import Widening

logger = logging.getLogger(__name__)

CONFIRM_SECONDS = 0.25
COMMIT_SECONDS = 0.5
ROUTES_SECONDS = 0.5
TEND_SECONDS = 5.0
REPLAYS_SHARE = 0.7
"""Of the grace at the end, for lines of drains that are behind: thousands may be."""
STORE_SECONDS = 2.0
"""How long the end may wait for the database, each time."""


class Worker:
    """Consumes, delivers and commits until `stop` is called. Run it once. Owns the parts, and what
    each of them is given of the others; none of them knows the worker."""

    def __init__(self, config: WorkerConfig, store: Store) -> None:
        self._clock = asyncio.get_running_loop().time
        self._config = config
        self._stopping = asyncio.Event()
        self._tasks = BackgroundTasks()
        self._ledger = Ledger()
        self._cluster = Cluster(config.kafka)
        connect = Connector(Dialer(config.egress))
        self._context = FeedContext(connect, self._clock, hostname=config.hostname)
        self._lists: WorkLists[Feed] = WorkLists()
        self._feeds = Feeds(self._context, self._lists)
        self._build_commit(store)
        self._build_passes()
        self._build_duties()
        self._build_figures()
        topics, at = self._routes.topics, self._ledger.positions
        self._rights = TopicRights(self._cluster, topics, at, self._context, self._feeds)

    def _build_commit(self, store: Store) -> None:
        self._name = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._store = StoreThread(store)
        slot, lists, context = self._config.slot, self._lists, self._context
        self._words = StatusWriter(self._store, slot, lists, context)
        self._statuses = StatusPublisher(self._words, lists, self._feeds.by_id, context)
        self._cursor_writer = CursorWriter(
            self._store,
            lists,
            self._ledger.safe,
            lambda partitions: self._rebalance.take_back(partitions),
            self._statuses.publish,
        )

    def _build_passes(self) -> None:
        ledger, wall_clock = self._ledger, self._context.wall_clock
        decoder, replayed, numbers = Decoder(), Decoder(), count(1)
        kafka, group = self._config.kafka, self._config.group
        self._topic_ids = TopicIds(self._cluster)
        self._router = router = Router(self._feeds.of_key, self._config.hostname)
        self._member = GroupMember(consumer_conf(kafka, group, self._config.topics))
        self._ownership = Ownership(
            group,
            self._member,
            self._cluster,
            self._topic_ids,
            lambda: self._routes.topics.subscribed,
            take_over=self._config.take_over_group,
        )
        self._trust = Trust(self._store, decoder.malformed, self._cursor_writer.claims, self._tasks)
        suspects = self._trust.suspects
        live = self._member, decoder, router, ledger, numbers, self._feeds.expired
        self._live = LivePass(*live, suspects)
        replay = replayed, router, numbers, ledger.positions, wall_clock, suspects
        self._replays = ReplayScheduler(
            lambda: OffsetConsumer(reader_conf(kafka, group), "kafka-replay"),
            lambda consumer, others: ReplayPass(consumer, others, *replay),
            self._lists.stirred,
            LagSkips(self._cluster, ledger.positions, wall_clock),
            lambda: self._live.has_backlog,
        )

    def _build_duties(self) -> None:
        cursors, member = self._cursor_writer, self._member
        self._ticks = Ticks(self._feeds, self._lists, self._ledger, cursors, member)
        asked = self._cluster, self._ownership, self._store, self._feeds, self._topic_ids
        starts = Starts(*asked, self._tasks, self._live.backwards, self._clock)
        self._rebalance = Rebalance(
            self._name,
            self._member,
            self._live,
            self._ledger,
            self._feeds,
            self._cursor_writer,
            starts,
            self._ticks,
            self._cluster,
            self._topic_ids,
            self._ownership,
            self._tasks,
            self._trust,
        )
        self._routes = RouteFollower(
            self._store,
            self._feeds,
            self._router,
            starts,
            self._member,
            self._rebalance,
            self._ledger.positions,
        )

    def _build_figures(self) -> None:
        wall_clock, version = self._context.wall_clock, self._config.version
        positions, topics = self._ledger.positions, self._routes.topics
        self._assignment = Assignment(
            self._cluster, positions, lambda: topics.subscribed, self._clock, wall_clock
        )
        self._figures = WorkerFigures(
            self._live,
            self._router,
            self._ticks,
            self._assignment,
            self._context,
            self._feeds,
            self._lists,
            drains_shown=self._config.metrics_max_drains,
        )
        about = WorkerNote(self._name, platform.node(), version, started_at=wall_clock())
        self.waits = Waits(self._store, self._rebalance.waiting)
        self._rollups = Rollups(self._store, about, self._figures.counts, wall_clock)

    def stop(self) -> None:
        """Idempotent; `run` does the rest and returns."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    async def run(self) -> None:
        """Raises ForeignGroupError."""
        tasks = self._tasks
        try:
            tasks.spawn("start", self._start())
            await tasks.watch(self._stopping)
            await self._live.stop()
        finally:
            await tasks.cancel()
            await self._end()

    async def _start(self) -> None:
        """Waits for the database and for Kafka, then starts what a worker does."""
        tasks, ticks = self._tasks, self._ticks
        tasks.start("live", self._live.run())  # it also hears of Kafka's troubles
        await self._ownership.meet(await self._store.read(lambda store: store.installation()))
        tasks.start("group", self._ownership.watch())
        tasks.start("heartbeat", self._words.run())
        await self._routes.follow()
        tasks.start("replay", self._replays.run())
        tasks.start("flush", every(LOOK_SECONDS, ticks.flush_due, self._flush_share))
        tasks.start("confirm", every(CONFIRM_SECONDS, ticks.confirm, lambda: 0.1))
        tasks.start("widen", Widening(self._feeds, self._router, self._context).run())
        tasks.start("store", self._cursor_writer.run())
        tasks.start("commit", every(COMMIT_SECONDS, ticks.commit, lambda: 0.05))
        tasks.start("lag", every(0, self._figures.watch_lag))
        tasks.start("publish", self._statuses.run())
        tasks.start("assignment", self._assignment.run())
        tasks.start("rollups", self._rollups.run())
        tasks.start("tend", every(TEND_SECONDS, ticks.tend))
        tasks.start("topics", every(0, self._rebalance.look_for_new_logs))
        tasks.start("rights", self._rights.run())
        tasks.start("routes", every(ROUTES_SECONDS, self._routes.follow))
        logger.info("Consuming", extra={"action": "started"})

    async def _end(self) -> None:
        if not self.stopping:
            self._trust.falls()
        now, grace = self._clock(), self._config.shutdown_grace_seconds
        await self._ticks.let_arrive(now + grace * REPLAYS_SHARE, replayed=True)
        await self._ticks.let_arrive(now + grace)
        with suppress(TimeoutError):
            async with asyncio.timeout(STORE_SECONDS):
                await self._ticks.store_all()
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(STORE_SECONDS):
                await self._rollups.tell(has_ended=True)
                await self._statuses.take_leave()
        self._rebalance.hurry()
        await self._member.close()  # what has arrived is committed as partitions go
        for feed in self._feeds.by_id.values():
            feed.close()
        self._store.close()
        logger.info("Stopped", extra={"action": "stopped"})

    def _flush_share(self) -> float:
        """The share of the time that writing may take: with thousands of drains, lines gather for
        longer than 50 ms. While there is a backlog, fewer and larger writes get us on."""
        return 0.1 if self._live.has_backlog else 0.5

    async def report(self) -> WorkerReport:
        return await self._figures.report(self._rollups.spent_seconds)

    async def checks(self) -> dict[str, bool]:
        """Whether it is ready, by what that hangs on."""
        return await self._figures.checks(self._cluster, self._rebalance.waiting)
