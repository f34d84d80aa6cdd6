"""Keeps the cursors in the database in step with the feeds.

Until a feed's cursors are stored it holds back the group's offsets, so with the database away
lines go on being forwarded and nothing is committed that a restart could miss.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial

from events.kafka.records import TopicPartition
from shuttle.commit.snapshots import Snapshot, snapshot_of
from shuttle.commit.store import Claim, CursorChange, Refused, Store, StoreError, TakenOver
from shuttle.commit.store_thread import RETRY_SECONDS, StoreThread
from shuttle.feed.context import WorkLists
from shuttle.feed.feed import Feed

logger = logging.getLogger(__name__)

KEEP_SECONDS = 0.5
OFFSETS_SECONDS = 5.0
"""How old the group's offsets in the database may be, should Kafka forget its own."""


class CursorWriter:
    """Owns the claims, and what the database knows of the group's offsets."""

    def __init__(
        self,
        store: StoreThread,
        lists: WorkLists[Feed],
        settled: Mapping[TopicPartition, int],
        on_lost: Callable[[Collection[TopicPartition]], None],
        tell: Callable[[Collection[Feed]], Awaitable[None]],
    ) -> None:
        """`settled`: how far the group has got; kept up to date by its owner. `on_lost`: these
        partitions turned out to be another worker's. `tell`: writes what these feeds have lost, or
        raises StoreError."""
        self._store = store
        self._lists = lists
        self._settled = settled
        self._keeping = asyncio.Lock()
        self.claims: dict[TopicPartition, Claim] = {}
        """Partitions of which cursors may be written."""
        self._on_lost = on_lost
        self._tell = tell
        self._offsets: dict[TopicPartition, int] = {}
        """How far the group has got, as the database knows it."""
        self._offsets_due = 0.0

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEP_SECONDS):
                    await self._lists.urgent.wait()
            except TimeoutError:
                pass
            self._lists.urgent.clear()
            if not await self.keep():
                await asyncio.sleep(RETRY_SECONDS)

    async def keep(self, *, every_offset: bool = False) -> bool:
        """Store what has changed. False when the database is away: nothing is lost by that.

        The group's offsets are only stored where cursors hang on them, and now and then.
        """
        async with self._keeping:
            if not await self.tell_losses():
                return False
            snapshots = [snapshot_of(feed, self._settled) for feed in self._lists.unstored]
            changes = [_change_of(snapshot) for snapshot in snapshots]
            due = [change for change in changes if change is not None]
            claims, refused = dict(self.claims), Refused()
            offsets = self._changed_offsets(due, every_offset=every_offset)
            try:
                if due or offsets:
                    refused = await self._store.ask(lambda store: store.write(due, offsets, claims))
            except (StoreError, asyncio.CancelledError) as error:
                for snapshot in snapshots:
                    snapshot.feed.gaps.stored.doubt(snapshot.rows)
                if isinstance(error, StoreError):
                    return False
                raise
            self._offsets.update({p: offsets[p] for p in offsets.keys() - refused.partitions})
            for snapshot, change in zip(snapshots, changes, strict=True):
                # What was refused is forgotten below, or is written once its claim is there, or
                # once the drain's rows have been read again.
                written = change is None or _was_written(change, refused)
                if written and snapshot.were_stored(self._settled):
                    self._lists.unstored.discard(snapshot.feed)
            lost = {
                p for p in refused.partitions if p in claims and self.claims.get(p) == claims[p]
            }
            if lost:
                logger.warning("Another worker has %s", sorted(lost), extra={"action": "fenced"})
                self._on_lost(lost)
            return True

    async def tell_losses(self) -> bool:
        """Before anything is written that is beyond them: nobody else would ever know of them.
        False when the database is away."""
        untold = self._lists.untold
        while untold:
            feeds = frozenset(untold)
            untold.clear()
            try:
                await self._tell(feeds)
            except BaseException as error:
                untold.update(feed for feed in feeds if not feed.is_closed)
                if isinstance(error, StoreError):
                    return False
                raise
        return True

    def _changed_offsets(
        self, changes: Iterable[CursorChange], *, every_offset: bool
    ) -> dict[TopicPartition, int]:
        now, settled = asyncio.get_running_loop().time(), self._settled
        if every_offset or now >= self._offsets_due:
            self._offsets_due = now + OFFSETS_SECONDS
            wanted: Iterable[TopicPartition] = settled
        else:  # a row goes together with the offset that has passed it
            wanted = {partition for change in changes for partition in change.gone}
        return {
            partition: settled[partition]
            for partition in wanted
            if partition in settled
            and partition in self.claims
            and self._offsets.get(partition) != settled[partition]
        }

    async def take_over(
        self,
        claims: Mapping[TopicPartition, Claim],
        still_ours: Callable[[], Iterable[TopicPartition]],
    ) -> TakenOver:
        """Claim partitions and learn who is behind in them, as soon as the database answers.

        `still_ours`: those that have not gone meanwhile, or gone and come back under other claims.
        """
        while wanted := {partition: claims[partition] for partition in still_ours()}:
            with suppress(StoreError):
                taken = await self._store.ask(partial(_take_over, wanted))
                self.claims.update({partition: claims[partition] for partition in still_ours()})
                self._offsets.update(taken.offsets)
                return taken
            await asyncio.sleep(RETRY_SECONDS)
        return TakenOver({}, {}, {})

    def give_up(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self.claims.pop(partition, None)
            self._offsets.pop(partition, None)


def _take_over(claims: Mapping[TopicPartition, Claim], store: Store) -> TakenOver:
    return store.take_over(claims)


def _change_of(snapshot: Snapshot) -> CursorChange | None:
    rows, route = snapshot.rows, snapshot.feed.route
    if not rows.changed and not rows.gone:
        return None
    return CursorChange(route.drain_id, route.cursor_version, rows.changed, rows.gone)


def _was_written(change: CursorChange, refused: Refused) -> bool:
    return change.drain_id not in refused.drains and refused.partitions.isdisjoint(
        (*change.rows, *change.gone)
    )
