"""The feeds of this worker, kept in step with the drains' routes."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping

from drains.routes import Route, RouteTable
from events.decode import topics_of
from events.keys import Key
from events.records import TopicPartition
from shuttle.feed import Feed
from shuttle.notices import EXPIRED
from shuttle.registers import Registers
from shuttle.store import TakenOver

logger = logging.getLogger(__name__)

START_SLACK_MS = 5_000
"""How much a producer's clock may be behind ours: where a drain starts is looked up so much
earlier; records that are older than the drain are left out one by one."""


class Roster:
    def __init__(self, registers: Registers[Feed]) -> None:
        self._registers = registers
        self.by_id: dict[str, Feed] = {}
        self.by_key: dict[Key, list[Feed]] = {}
        self.spaces: frozenset[str] = frozenset()
        self._oldest: dict[str, int] = {}

    def follow(self, table: RouteTable) -> list[Feed]:
        """Make, change and close feeds as the routes say. Returns the new ones."""
        for drain_id in self.by_id.keys() - table.by_id.keys():
            self.by_id.pop(drain_id).close()
        added = []
        for drain_id, route in table.by_id.items():
            feed = self.by_id.get(drain_id)
            if feed is None:
                feed = self.by_id[drain_id] = Feed(route, self._registers)
                added.append(feed)
            elif feed.route != route:
                feed.change_to(route)
        self.by_key = {
            key: [self.by_id[route.drain_id] for route in routes]
            for key, routes in table.by_key.items()
        }
        self.spaces = table.spaces
        self._oldest = _oldest_by_topic(table.by_id.values())
        return added

    def started_at(self, topic: str) -> int | None:
        """From when on (epoch ms) lines of a topic may be wanted. Called from other threads."""
        oldest = self._oldest.get(topic)
        return None if oldest is None else oldest - START_SLACK_MS

    def wants(self, feed: Feed, source: TopicPartition) -> bool:
        """Whether a partition can have lines of a feed."""
        return source.topic in topics_of(feed.route.key)

    def restore(
        self,
        taken: TakenOver,
        sources: Iterable[TopicPartition],
        live: Mapping[TopicPartition, int],
    ) -> None:
        """Rows of the database say who is behind, and where, in partitions that are new here."""
        ours = set(sources)
        for drain_id, outdated in taken.outdated.items():
            if drain_id in self.by_id:
                self.by_id[drain_id].new_log(ours.intersection(outdated))
        for drain_id, rows in taken.cursors.items():
            feed = self.by_id.get(drain_id)
            if feed is not None:
                gaps = {source: at for source, at in rows.items() if source in ours}
                feed.restored(gaps, live)

    def expired(self, source: TopicPartition, records: int, oldest_ms: int) -> None:
        """Records, none younger than `oldest_ms`, were lost to all who would have had them live."""
        for feed in self.by_id.values():
            old_enough = feed.route.active_since_ms <= oldest_ms
            if old_enough and self.wants(feed, source) and source not in feed.gaps:
                feed.account.lost(records, EXPIRED, exact=False)

    def new_logs(self, sources: Collection[TopicPartition]) -> None:
        """These partitions are other logs by now."""
        for feed in self.by_id.values():
            wanted = [source for source in sources if self.wants(feed, source)]
            if wanted:
                feed.new_log(wanted)

    def forget(self, sources: Iterable[TopicPartition]) -> None:
        gone = list(sources)
        topics = {source.topic for source in gone}
        for feed in self.by_id.values():
            if not topics.isdisjoint(topics_of(feed.route.key)):
                feed.forget(gone)


def _oldest_by_topic(routes: Iterable[Route]) -> dict[str, int]:
    oldest: dict[str, int] = {}
    for route in routes:
        for topic in topics_of(route.key):
            oldest[topic] = min(route.active_since_ms, oldest.get(topic, route.active_since_ms))
    return oldest
