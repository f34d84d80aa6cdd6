"""What probes, metrics and rollups read of a worker's parts, put together when they ask."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from events.topics import by_source
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.pipeline import LivePass
from shuttle.routing import Router
from shuttle.worker.assignment import Assignment
from shuttle.worker.report import WorkerReport, furthest_behind
from shuttle.worker.rollups import Counts
from shuttle.worker.standing import lines_in_flight, state_shown, status_of
from shuttle.worker.ticks import Ticks

LAG_LOOK_SECONDS = 1.0
STALL_SECONDS = 2.0


class WorkerFigures:
    """Owns how late the event loop was at its last look; all else is its parts'."""

    def __init__(
        self,
        live: LivePass,
        router: Router,
        ticks: Ticks,
        assignment: Assignment,
        context: FeedContext,
        feeds: Mapping[str, Feed],
        lists: WorkLists[Feed],
        *,
        drains_shown: int,
    ) -> None:
        """`feeds`: by drain, kept up to date by their owner. `drains_shown`: with series of their
        own in metrics."""
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

    def report(self) -> WorkerReport:
        feeds, outstanding = self._feeds.values(), self._lists.outstanding
        totals, malformed = self._context.totals, self._live.decoder.malformed
        return WorkerReport(
            partitions=self._live.partitions,
            subscribed=frozenset(self._assignment.subscribed()),
            poll_age_seconds=self._clock() - self._live.polled_at,
            loop_lag_seconds=self._loop_lag_seconds,
            records_received=by_source(self._live.received),
            lines_delivered=totals.lines_confirmed,
            lines_in_flight=sum(map(lines_in_flight, outstanding)),
            lines_lost=totals.lines_lost,
            lines_cut=totals.lines_cut,
            delays=totals.delays,
            consumer_lag=self._ticks.consumer_lag,
            outbox_bytes=sum(feed.outbound.delivery.outbox_bytes for feed in outstanding),
            malformed=malformed.counts,
            partial=malformed.partial,
            drains=Counter(map(state_shown, feeds)),
            drains_unreadable=sum(bool(feed.route.fault) for feed in feeds),
            furthest=furthest_behind(map(status_of, feeds), self._drains_shown),
        )

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
