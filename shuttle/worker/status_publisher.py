"""What a worker says of its drains: in the database changes at once, and all of it now and then; in
its log who fails, and who does no more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from shuttle.commit.store import FeedStatus, StoreError
from shuttle.commit.store_thread import StoreThread
from shuttle.feed.feed import Feed
from shuttle.worker.drain_rates import DrainRates
from shuttle.worker.standing import last_status_of, status_of

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 10.0
"""Written anew this often, so that a reader can tell a quiet worker from one that is gone."""
FIGURES_SECONDS = 5.0
"""How much older than the truth figures and the time of the last delivery may be."""
AT_ONCE = FeedStatus._fields.index("last_delivery_at")
"""How many of a status's fields are written as soon as they change."""
LOOK_FEEDS = 2000
"""So many feeds a second are looked at for changes."""
SLICE_FEEDS = 500


class StatusPublisher:
    """Owns what was written last of each feed, and when, and who is known to fail. `worker`: the
    name that it is under. `clock`: monotonic seconds; `wall_clock`: epoch seconds."""

    def __init__(
        self,
        store: StoreThread,
        worker: str,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._worker = worker
        self._clock = clock
        self._rates = DrainRates(wall_clock)
        self._published: dict[Feed, tuple[FeedStatus, float]] = {}
        self._failing: dict[Feed, str] = {}
        """And why."""
        self._next = 0

    async def publish_some(self, feeds: Sequence[Feed]) -> None:
        """What has changed of some of them; called again and again, of all."""
        part = feeds[self._next : self._next + LOOK_FEEDS]
        self._next += len(part)
        if self._next >= len(feeds):
            self._next = 0
            for gone in self._published.keys() - set(feeds):
                del self._published[gone]
                self._failing.pop(gone, None)
                self._rates.forget(gone)
        changes = {}
        for start in range(0, len(part), SLICE_FEEDS):
            changes.update(self.changes(part[start : start + SLICE_FEEDS]))
            await asyncio.sleep(0)
        with suppress(StoreError):  # it has been said; the next time publishes it all
            await self._write(changes)

    async def publish(self, feeds: Iterable[Feed]) -> None:
        """All of these, whatever was written before. Raises StoreError."""
        await self._write({feed: status_of(feed) for feed in feeds})

    async def take_leave(self, feeds: Iterable[Feed]) -> None:
        """The last figures of these drains. Raises StoreError."""
        await self._write({feed: last_status_of(feed) for feed in feeds})

    def changes(self, feeds: Iterable[Feed]) -> dict[Feed, FeedStatus]:
        """What is to be written now."""
        now = self._clock()
        statuses = {feed: status_of(feed) for feed in feeds}
        for feed, status in statuses.items():
            self._say(feed, status)
            self._rates.look(feed, status.lines_sent)
        return {f: status for f, status in statuses.items() if self._is_due(f, status, now)}

    def _say(self, feed: Feed, status: FeedStatus) -> None:
        """Once a change; a row that cannot be read has been told by who read it."""
        why = status.last_error if status.state == "failing" and not feed.route.fault else ""
        if why == self._failing.get(feed, ""):
            return
        drain, key, (host, port) = status.drain_id, feed.route.key, feed.route.destination.address
        if why:
            said = "Drain %s of %s to %s:%d fails: %s"
            logger.warning(said, drain, key, host, port, why, extra={"action": "drain_failing"})
            self._failing[feed] = why
        else:
            said = "Drain %s of %s to %s:%d is well again"
            logger.info(said, drain, key, host, port, extra={"action": "drain_well"})
            del self._failing[feed]

    def _is_due(self, feed: Feed, status: FeedStatus, now: float) -> bool:
        published, at = self._published.get(feed, (None, 0.0))
        if published is None or now - at >= REFRESH_SECONDS:
            return True
        if published == status:
            return False
        is_first = published.lines_sent == 0 < status.lines_sent  # another state than before
        at_once = is_first or published[:AT_ONCE] != status[:AT_ONCE]
        return at_once or now - at >= FIGURES_SECONDS

    async def _write(self, changes: dict[Feed, FeedStatus]) -> None:
        if changes:
            now, known = self._clock(), self._published
            statuses = [
                self._rates.beside(feed, status, is_first=feed not in known)
                for feed, status in changes.items()
            ]
            await self._store.ask(lambda store: store.publish(self._worker, statuses))
            self._rates.written(changes)
            self._published.update({feed: (status, now) for feed, status in changes.items()})
