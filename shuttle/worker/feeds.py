"""The feeds of this worker, kept in step with the drains' routes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Set
from dataclasses import replace

from drains.delivery.network.errors import DeliveryError
from drains.routes import Route, RouteChanges, RouteTable
from events.kafka.records import Offsets, TopicPartition
from events.keys import Key, SiteKey
from events.topics import ROUTER, SOURCE_TOPICS, topics_of
from shuttle.commit.store import Cursors, TakenOver
from shuttle.feed.context import FeedContext, WorkLists
from shuttle.feed.feed import Feed
from shuttle.feed.loss_notices import EXPIRED

logger = logging.getLogger(__name__)


class Feeds:
    """Owns the routes, and the feeds of those drains that there was something to do for: the others
    cost no more than their routes."""

    def __init__(self, context: FeedContext, lists: WorkLists[Feed]) -> None:
        self._context = context
        self._lists = lists
        self.routes = RouteTable()
        self.by_id: dict[str, Feed] = {}
        """Those that were made."""

    @property
    def held_up_until(self) -> float:
        return self._context.dials.held_up_until

    def of_drain(self, drain_id: str) -> Feed:
        """Made when it is first asked for. It is live: a drain has cursors where it is not, and
        whoever reads those asks for it."""
        feed = self.by_id.get(drain_id)
        if feed is None:
            route = self.routes.by_id[drain_id]
            feed = self.by_id[drain_id] = Feed(route, self._context, self._lists)
        return feed

    def of_key(self, key: Key) -> list[Feed]:
        """Of all drains that get its lines."""
        return [self.of_drain(route.drain_id) for route in self.routes.by_key.get(key, ())]

    def make_all(self, topic: str) -> list[Feed]:
        """Of all drains that may have lines in it: there is something to say of them."""
        return [self.of_drain(route.drain_id) for route in self.routes.wanting(topic)]

    def unmet(self, changes: RouteChanges) -> list[Route]:
        """The drains of which cursors are to be read before these are followed."""
        known = self.routes.by_id
        return [
            route
            for route in changes.routes
            if route.drain_id not in known
            or known[route.drain_id].cursor_version != route.cursor_version
        ]

    def follow(self, changes: RouteChanges, rows: Cursors, live: Offsets) -> set[Key]:
        """Change and close feeds as the routes say. Returns the keys that have others now.

        `rows`: of those that are unmet, the cursors in partitions that are this worker's.
        """
        known = self.routes.by_id
        begun = {of for of in rows if of in known and not known[of].start_pending}
        for drain_id in self.routes.gone(changes):
            if (gone := self.by_id.pop(drain_id, None)) is not None:
                gone.close()
        keys = self.routes.follow(changes)
        for route in changes.routes:
            feed = self.by_id.get(route.drain_id)
            if feed is not None:
                _change(feed, route)
            elif route.fault or self._context.refused_topics.keys() & topics_of(route.key):
                self.of_drain(route.drain_id)  # which says so
        for drain_id, found in rows.items():
            feed = self.of_drain(drain_id)
            if drain_id in begun:
                feed.rewind(found, live)
            else:
                feed.begin(found, live)
        return keys

    def restore(
        self,
        taken: TakenOver,
        partitions: Iterable[TopicPartition],
        live: Offsets,
    ) -> None:
        """Rows of the database say who is behind, and where, in partitions that are new here."""
        ours, known = set(partitions), self.routes.by_id
        for drain_id in taken.outdated.keys() & known.keys():
            self.of_drain(drain_id).new_log(ours.intersection(taken.outdated[drain_id]))
        for drain_id in taken.cursors.keys() & known.keys():
            rows = {p: at for p, at in taken.cursors[drain_id].items() if p in ours}
            if rows:
                self.of_drain(drain_id).restore(rows, live)

    def expired(self, partition: TopicPartition, begin: int, end: int) -> None:
        """Records between these offsets are lost to all who would have had them live."""
        for feed in self.make_all(partition.topic):
            gaps = feed.gaps
            lost = end - max(begin, gaps.live_from.get(partition, begin))
            if lost > 0 and partition not in gaps.offsets and not feed.route.start_pending:
                feed.lose(lost, EXPIRED, exact=False)

    def new_logs(self, partitions: Iterable[TopicPartition]) -> None:
        """Partitions are other logs by now than the ones that were read."""
        for topic, gone in _by_topic(partitions).items():
            for feed in self.make_all(topic):
                feed.new_log(gone)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """They are another worker's: it costs what goes, and who may have had something there."""
        shared: set[TopicPartition] = set()
        for topic, gone in _by_topic(partitions).items():
            if topic in SOURCE_TOPICS:
                shared |= gone
                continue
            for route in self.routes.wanting(topic):
                if (feed := self.by_id.get(route.drain_id)) is not None:
                    feed.forget(gone)
        if shared:
            for feed in self.by_id.values():
                feed.forget(shared)

    def let_go(self, topics: Set[str]) -> set[Key]:
        """Of feeds of which nothing is left to be done here, as other workers have their lines.
        `topics`: those of which this one has partitions. Returns the keys whose feeds went."""
        others = {feed.route.key for feed in self.by_id.values()}
        others = {key for key in others if _topic_of_its_own(key) not in topics}
        gone = {key for key in others if all(map(self._is_at_rest, self._made(key)))}
        for key in gone:
            for feed in self._made(key):
                self.by_id.pop(feed.route.drain_id).close()
        return gone

    def _made(self, key: Key) -> list[Feed]:
        routes = self.routes.by_key.get(key, ())
        return [self.by_id[of.drain_id] for of in routes if of.drain_id in self.by_id]

    def _is_at_rest(self, feed: Feed) -> bool:
        """Whether nothing is owed here: what it says of its receiver others know better."""
        delivery, gaps = feed.outbound.delivery, feed.gaps
        return (
            delivery.link.sender is None
            and delivery.oldest is None
            and delivery.resend.portion is None
            and not (gaps.offsets or gaps.live_from or gaps.stored.partitions)
            and not (feed in self._lists.unstored or feed.stats.notices.are_waiting)
            and not feed.route.fault
        )


def _topic_of_its_own(key: Key) -> str:
    """Where most of its lines are."""
    return ROUTER.topic if isinstance(key, SiteKey) else key.space


def _by_topic(partitions: Iterable[TopicPartition]) -> dict[str, set[TopicPartition]]:
    found: dict[str, set[TopicPartition]] = {}
    for partition in partitions:
        found.setdefault(partition.topic, set()).add(partition)
    return found


def _change(feed: Feed, route: Route) -> None:
    tries, route = feed.route.tries, _as_wide(route, feed.route)
    if feed.route != route:
        feed.change_to(route)
        if route.tries != tries:
            feed.outbound.delivery.link.try_now()


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
