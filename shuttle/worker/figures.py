"""What probes, metrics and rollups read of a worker's parts, put together when they ask."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from contextlib import suppress

from confluent_kafka import KafkaException

from events.kafka.cluster import Cluster
from events.kafka.records import TopicPartition
from events.topics import by_source
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.pipeline import LivePass
from shuttle.routing import Router
from shuttle.worker.assignment import Assignment
from shuttle.worker.feeds import Feeds
from shuttle.worker.report import DrainLag, FurthestBehind, WorkerReport
from shuttle.worker.rollups import Counts
from shuttle.worker.standing import lines_in_flight, state_shown, status_of
from shuttle.worker.ticks import Ticks

LOOP_LAG_LIMIT_SECONDS = 5.0
POLL_AGE_LIMIT_SECONDS = 30.0
LAG_LOOK_SECONDS = 1.0
STALL_SECONDS = 2.0
SLICE_FEEDS = 500
"""So many take about a millisecond."""


class WorkerFigures:
    """Owns how late the event loop was at its last look; all else is its parts'."""

    def __init__(
        self,
        live: LivePass,
        router: Router,
        ticks: Ticks,
        assignment: Assignment,
        context: FeedContext,
        feeds: Feeds,
        lists: WorkLists[Feed],
        *,
        drains_shown: int,
    ) -> None:
        """`drains_shown`: with series of their own in metrics."""
        self._live = live
        self._router = router
        self._ticks = ticks
        self._assignment = assignment
        self._context = context
        self._feeds = feeds
        self._lists = lists
        self._drains_shown = drains_shown
        self._clock = context.clock
        self._looked_at: float | None = None
        self._loop_lag_seconds = 0.0

    async def watch_lag(self) -> None:
        """One look."""
        looked, self._looked_at = asyncio.Event(), self._looked_at or self._clock()
        # No task of its own: after a stall it is to be heard of before anybody is judged.
        asyncio.get_running_loop().call_later(LAG_LOOK_SECONDS, self._look_at_lag, looked)
        await looked.wait()

    def _look_at_lag(self, looked: asyncio.Event) -> None:
        now = self._clock()
        self._loop_lag_seconds = max(now - (self._looked_at or now) - LAG_LOOK_SECONDS, 0.0)
        self._looked_at = now
        if self._loop_lag_seconds > STALL_SECONDS:
            self._context.dials.held_up_until = now
        looked.set()

    async def report(self, rollups_cpu_seconds: float) -> WorkerReport:
        """Nothing in it changes any more. Of many drains it is put together a slice at a time: the
        loop has other work to do."""
        states: Counter[str] = Counter()
        furthest, unreadable = FurthestBehind(self._drains_shown), 0
        routes, made = list(self._feeds.routes.by_id.values()), self._feeds.by_id
        for begin in range(0, len(routes), SLICE_FEEDS):
            some = routes[begin : begin + SLICE_FEEDS]
            states.update(state_shown(route, made.get(route.drain_id)) for route in some)
            unreadable += sum(bool(route.fault) for route in some)
            furthest.add(self._lag_of(route.drain_id) for route in some)
            await asyncio.sleep(0)
        outstanding, totals = self._lists.outstanding, self._context.totals
        malformed = self._live.decoder.malformed
        return WorkerReport(
            partitions=self._live.partitions,
            loop_lag_seconds=self._loop_lag_seconds,
            records_received=by_source(self._live.received),
            lines_delivered=dict(totals.lines_confirmed),
            lines_in_flight=sum(map(lines_in_flight, outstanding)),
            lines_lost=dict(totals.lines_lost),
            lines_cut=totals.lines_cut,
            receiver_floods=totals.receiver_floods,
            filters_cpu_seconds=self._context.filter_shares.spent,
            filters_too_slow=totals.filters_too_slow,
            delays=totals.delays.copy(),
            consumer_lag=self._ticks.consumer_lag,
            outbox_bytes=sum(feed.outbound.delivery.outbox_bytes for feed in outstanding),
            malformed=dict(malformed.counts),
            partial=malformed.partial,
            drains=states,
            drains_unreadable=unreadable,
            furthest=furthest.shown(),
            rollups_cpu_seconds=rollups_cpu_seconds,
        )

    async def checks(
        self, cluster: Cluster, waiting: Collection[TopicPartition]
    ) -> dict[str, bool]:
        """What readiness hangs on; never on a receiver, and all hold while Kafka answers and the
        database has said once who is behind. `waiting`: where it has not."""
        partitions, subscribed = self._live.partitions, self._assignment.subscribed()
        kafka, there = await cluster.answers(), None
        if kafka and not partitions:
            with suppress(KafkaException):  # who has some need not know which topics there are
                there = await cluster.partitions(subscribed)
        return {
            "routes": bool(subscribed),
            "assignment": bool(partitions) or there == {},
            "cursors": not waiting,
            "poll": self._clock() - self._live.polled_at < POLL_AGE_LIMIT_SECONDS,
            "loop": self._loop_lag_seconds < LOOP_LAG_LIMIT_SECONDS,
            "kafka": kafka,
        }

    def _lag_of(self, drain_id: str) -> DrainLag:
        feed = self._feeds.by_id.get(drain_id)
        if feed is None:
            return DrainLag(0, 0.0, drain_id, 0)
        sent = feed.stats.lines_confirmed
        if feed not in self._lists.outstanding and feed not in self._lists.behind:
            return DrainLag(0, 0.0, drain_id, sent)
        status = status_of(feed)
        return DrainLag(status.lag_messages, status.lag_seconds, drain_id, sent)

    def counts(self) -> Counts:
        """Cheap, however many drains there are."""
        totals = self._context.totals
        return Counts(
            received=self._live.received,
            delivered=totals.lines_confirmed,
            lost=totals.lines_lost,
            delays=totals.delays.counts,
            malformed=self._live.decoder.malformed,
            talk=self._router.take_talk(),
            went_out=totals.take_went_out(),
            behind=sum(feed.gaps.lag_lines for feed in self._lists.behind),
            partitions=self._live.partitions,
            consumer_lag=self._ticks.consumer_lag,
            retention_ms=self._assignment.retention_ms,
            held=self._assignment.held(),
        )
