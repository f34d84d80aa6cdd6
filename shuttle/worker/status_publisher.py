"""What a worker says of its drains: in the database when it changes; in its log who fails, and who
does no more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from itertools import islice

from events.topics import topics_of
from shuttle.commit.store import FeedStatus, StoreError
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.worker.standing import last_status_of, status_of
from shuttle.worker.status_writer import Said, StatusWriter, says

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 1.0
FIGURES_SECONDS = 5.0
"""How much older than the truth figures and the time of the last delivery may be."""
OLDER_SECONDS = 60.0
"""So much older than was written the oldest line may be of a drain that gets nothing."""
AT_ONCE = FeedStatus._fields.index("last_delivery_at")
"""How many of a status's fields are written as soon as they change."""
MOVED_FEEDS = 2000
"""So many feeds are looked at each time for figures that have moved."""
WAITING_FEEDS = 500
"""So many of those that are behind, or wait for their receiver: what they lack grows by itself."""
SLICE_FEEDS = 500


class StatusPublisher:
    """Owns which feeds are still to be looked at, and who is known to fail. At a feed that nothing
    happens to nobody looks. `feeds`: all, by drain, kept up to date by their owner."""

    def __init__(
        self,
        writer: StatusWriter,
        lists: WorkLists[Feed],
        feeds: Mapping[str, Feed],
        context: FeedContext,
    ) -> None:
        self._writer = writer
        self._lists = lists
        self._feeds = feeds
        self._context = context
        self._failing: dict[Feed, str] = {}
        """And why."""
        self._moved: list[Feed] = []
        self._waiting: list[Feed] = []
        """What is left of a round."""
        self._next_round = 0.0
        self._refused: frozenset[str] = frozenset()

    async def run(self) -> None:
        while True:
            await self.publish_some()
            await asyncio.sleep(PUBLISH_SECONDS)

    async def publish_some(self) -> None:
        """What is new; called again and again."""
        self._heed_refused_topics()
        for feed in [feed for feed in self._failing if feed.is_closed]:
            del self._failing[feed]
        news, self._lists.news = self._lists.news, set()
        with suppress(StoreError):  # it has been said; the next time publishes it all
            await self._look([*news, *self._figures()])
            if self._lists.closed:
                await self._writer.write({})

    async def publish(self, feeds: Iterable[Feed]) -> None:
        """All of these, whatever was written before. Raises StoreError."""
        await self._writer.write({feed: status_of(feed) for feed in feeds})

    async def take_leave(self) -> None:
        """And the last words on drains of which somebody waits for them. Raises StoreError."""
        await self._writer.end()
        lists, said = self._lists, self._writer.said
        waited_for = {feed for feed, of in said.items() if _is_waited_for(of.status)}
        moved = lists.news | lists.moved | {*self._moved}
        feeds = waited_for | moved | lists.behind | lists.outstanding
        last = {feed: last_status_of(feed) for feed in feeds if not feed.is_closed}
        await self._writer.write({f: of for f, of in last.items() if f in said or says(of)})

    def changes(self, feeds: Iterable[Feed]) -> dict[Feed, FeedStatus]:
        """What is to be written now. Who has something to be written later stays listed."""
        found = {}
        for feed in feeds:
            if feed.is_closed:
                continue
            status, said = status_of(feed), self._writer.said.get(feed)
            self._say(feed, status)
            self._writer.rates.look(feed, status.lines_sent)
            if said is None:
                is_due = says(status)
            elif is_due := not self._is_told(said, status):
                is_due = self._is_due(said, status)
                if not is_due:
                    self._lists.moved.add(feed)
            if is_due:
                found[feed] = status
        return found

    def _is_told(self, said: Said, status: FeedStatus) -> bool:
        """Readers know that the oldest line of a drain gets older while nothing is delivered."""
        lag_seconds, ago = said.status.lag_seconds, self._context.clock() - said.at
        is_known = status.state == "paused" or (status.state != "live" and ago < OLDER_SECONDS)
        if lag_seconds and is_known and abs(lag_seconds + ago - status.lag_seconds) < 1.0:
            status = status._replace(lag_seconds=lag_seconds)
        return said.status == status

    def _is_due(self, said: Said, status: FeedStatus) -> bool:
        before = said.status
        is_first = before.lines_sent == 0 < status.lines_sent  # another state than before
        is_late = self._context.clock() - said.at >= FIGURES_SECONDS
        return is_first or is_late or before[:AT_ONCE] != status[:AT_ONCE]

    def _figures(self) -> Collection[Feed]:
        """Some of those whose figures may be others by now; all of them in a round."""
        now, lists = self._context.clock(), self._lists
        if not self._moved and not self._waiting and now >= self._next_round:
            self._next_round = now + FIGURES_SECONDS
            self._moved, lists.moved = list(lists.moved), set()
            self._waiting = list(lists.behind | lists.outstanding)
        some = dict.fromkeys(self._moved[:MOVED_FEEDS] + self._waiting[:WAITING_FEEDS])
        del self._moved[:MOVED_FEEDS], self._waiting[:WAITING_FEEDS]
        return some

    async def _look(self, feeds: Collection[Feed]) -> None:
        left = iter(feeds)
        while part := list(islice(left, SLICE_FEEDS)):
            try:
                if changes := self.changes(part):
                    await self._writer.write(changes)
            except BaseException:
                self._lists.news.update(part, left)
                raise
            await asyncio.sleep(0)

    def _heed_refused_topics(self) -> None:
        refused = frozenset(self._context.refused_topics)
        if others := refused ^ self._refused:
            self._refused = refused
            feeds = self._feeds.values()
            self._lists.news.update(f for f in feeds if others & topics_of(f.route.key))

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


def _is_waited_for(status: FeedStatus) -> bool:
    return status.state not in ("live", "") or status.lag_messages > 0
