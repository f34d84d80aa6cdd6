"""A store in memory, with claims and versions as the database has them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from events.kafka.records import TopicPartition
from shuttle.commit.store import Claim, CursorChange, Refused, StoreError, TakenOver
from shuttle.feed.feed import Feed


class MemoryStore:
    """Of one drain. `seconds`: how long each write takes."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.claims: dict[TopicPartition, Claim] = {}
        self.rows: dict[TopicPartition, int] = {}
        self.offsets: dict[TopicPartition, int] = {}
        self.version = 0
        """Of all drains."""
        self.writes = 0

        self.told_lost: list[int] = []
        self.failures = 0

    async def tell(self, feeds: Collection[Feed]) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("away")
        self.told_lost += [feed.stats.lines_lost.total() for feed in feeds]

    def take_over(self, claims: Mapping[TopicPartition, Claim]) -> TakenOver:
        if self.failures:
            self.failures -= 1
            raise StoreError("away")
        self.claims.update(claims)
        return TakenOver({}, {}, {})

    def write(
        self,
        changes: Sequence[CursorChange],
        offsets: Mapping[TopicPartition, int],
        claims: Mapping[TopicPartition, Claim],
    ) -> Refused:
        time.sleep(self.seconds)  # in the thread of the store
        self.writes += 1
        self.offsets.update(offsets)
        outdated = {c.drain_id for c in changes if c.cursor_version != self.version}
        current = [change for change in changes if change.drain_id not in outdated]
        wanted = {(s, at) for change in current for s, at in change.rows.items()}
        held = {(s, at) for s, at in wanted if s in claims and self.claims.get(s) == claims[s]}
        self.rows.update(held)
        for partition in [partition for change in current for partition in change.gone]:
            del self.rows[partition]
        return Refused(frozenset(partition for partition, _ in wanted - held), frozenset(outdated))
