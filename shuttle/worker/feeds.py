"""The feeds of this worker, kept in step with the drains' routes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from drains.delivery.network.errors import DeliveryError
from drains.routes import Route, RouteTable
from events.kafka.records import Offsets, TopicPartition
from events.keys import Key
from events.topics import topics_of
from shuttle.commit.store import Cursors, TakenOver
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import EXPIRED

logger = logging.getLogger(__name__)


class Feeds:
    """Owns them, by drain and by the key whose lines they get."""

    def __init__(self, context: FeedContext, lists: WorkLists[Feed]) -> None:
        self._context = context
        self._lists = lists
        self.by_id: dict[str, Feed] = {}
        self.by_key: dict[Key, list[Feed]] = {}
        self.spaces: frozenset[str] = frozenset()

    @property
    def held_up_until(self) -> float:
        return self._context.dials.held_up_until

    def unmet(self, table: RouteTable) -> list[Route]:
        """The drains of which cursors are to be read before these routes are followed."""
        known = self.by_id
        return [
            route
            for drain_id, route in table.by_id.items()
            if drain_id not in known or known[drain_id].route.cursor_version != route.cursor_version
        ]

    def follow(
        self,
        table: RouteTable,
        rows: Cursors,
        live: Offsets,
    ) -> None:
        """Make, change and close feeds as the routes say.

        `rows`: of those that are unmet, the cursors in partitions that are this worker's.
        """
        begun = {
            drain_id
            for drain_id in rows
            if drain_id in self.by_id and not self.by_id[drain_id].route.start_pending
        }
        for drain_id in self.by_id.keys() - table.by_id.keys():
            self.by_id.pop(drain_id).close()
        for drain_id, route in table.by_id.items():
            feed = self.by_id.get(drain_id)
            if feed is None:
                self.by_id[drain_id] = Feed(route, self._context, self._lists)
            elif feed.route != (route := _as_wide(route, feed.route)):
                tries = feed.route.tries
                feed.change_to(route)
                if route.tries != tries:
                    feed.outbound.delivery.link.try_now()
        self.by_key = {
            key: [self.by_id[route.drain_id] for route in routes]
            for key, routes in table.by_key.items()
        }
        self.spaces = table.spaces
        for drain_id, found in rows.items():
            feed = self.by_id[drain_id]
            if drain_id in begun:
                feed.rewind(found, live)
            else:
                feed.begin(found, live)

    def wants(self, feed: Feed, partition: TopicPartition) -> bool:
        """Whether a partition can have lines of a feed."""
        return partition.topic in topics_of(feed.route.key)

    def restore(
        self,
        taken: TakenOver,
        partitions: Iterable[TopicPartition],
        live: Offsets,
    ) -> None:
        """Rows of the database say who is behind, and where, in partitions that are new here."""
        ours = set(partitions)
        for drain_id, outdated in taken.outdated.items():
            if drain_id in self.by_id:
                self.by_id[drain_id].new_log(ours.intersection(outdated))
        for drain_id, rows in taken.cursors.items():
            feed = self.by_id.get(drain_id)
            if feed is not None:
                feed.restore({p: at for p, at in rows.items() if p in ours}, live)

    def expired(self, partition: TopicPartition, begin: int, end: int) -> None:
        """Records between these offsets are lost to all who would have had them live."""
        for feed in self.by_id.values():
            gaps = feed.gaps
            if self.wants(feed, partition) and partition not in gaps.offsets:
                lost = end - max(begin, gaps.live_from.get(partition, begin))
                if lost > 0 and not feed.route.start_pending:
                    feed.lose(lost, EXPIRED, exact=False)

    def new_logs(self, partitions: Collection[TopicPartition]) -> None:
        """Partitions are other logs by now than the ones that were read."""
        for feed in self.by_id.values():
            wanted = [partition for partition in partitions if self.wants(feed, partition)]
            if wanted:
                feed.new_log(wanted)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        gone = list(partitions)
        topics = {partition.topic for partition in gone}
        for feed in self.by_id.values():
            if not topics.isdisjoint(topics_of(feed.route.key)):
                feed.forget(gone)


def _as_wide(route: Route, before: Route) -> Route:
    """What the worker has given a drain by itself stays when its owner changes something."""
    width = min(before.width, route.widest)
    return route if width == route.width else replace(route, width=width)


def guarded(feed: Feed, act: Callable[[Feed], None]) -> None:
    """A fault of ours in what one drain needs is that drain's trouble alone."""
    try:
        act(feed)
    except Exception:
        drain = feed.route.drain_id
        logger.exception("Drain %s failed", drain, extra={"action": "feed_failed"})
        feed.outbound.give_up(DeliveryError("internal error"))
