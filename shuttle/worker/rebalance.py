"""Partitions that come and go, and topics that are other logs than they were."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from confluent_kafka import KafkaException

from events.kafka.cluster import Cluster
from events.kafka.group_member import GroupMember
from events.kafka.records import Offsets, TopicPartition
from events.kafka.refusals import say_refusal
from events.kafka.topic_ids import TopicIds
from shuttle.commit.cursor_writer import CursorWriter
from shuttle.commit.ledger import Ledger
from shuttle.commit.store import Claim
from shuttle.pipeline import LivePass
from shuttle.worker.background import BackgroundTasks
from shuttle.worker.feeds import Feeds
from shuttle.worker.ownership import Ownership
from shuttle.worker.starts import Starts
from shuttle.worker.ticks import Ticks
from shuttle.worker.trust import Trust

logger = logging.getLogger(__name__)

HAND_OVER_SECONDS = 2.8
"""How long partitions that go may wait for what is under way: then what is settled is committed."""
LAST_STORE_SECONDS = 0.8
"""Of these: for the database, once lines have arrived."""
RETRY_SECONDS = 1.0
TOPICS_SECONDS = 5.0
TOPICS_SHARE = 0.02
"""Of the time, to ask for all topics: thousands take it a second."""


class Rebalance:
    """Takes partitions over and hands them on (see events.kafka.group_member.Assignments). Owns
    which of them wait for the database; whose a partition is the live pass knows, under which claim
    the cursor writer."""

    def __init__(
        self,
        worker: str,
        member: GroupMember,
        live: LivePass,
        ledger: Ledger,
        feeds: Feeds,
        cursor_writer: CursorWriter,
        starts: Starts,
        ticks: Ticks,
        cluster: Cluster,
        topic_ids: TopicIds,
        ownership: Ownership,
        tasks: BackgroundTasks,
        trust: Trust,
    ) -> None:
        self.hand_over_seconds = HAND_OVER_SECONDS
        self._rest_seconds = TOPICS_SECONDS
        self._lines_may_arrive = True
        self.meeting = asyncio.Lock()
        """Held from when cursors are read until they are followed."""
        self.waiting: dict[TopicPartition, int] = {}
        """Partitions that Kafka has told all of, and nobody reads before the database says who is
        behind there; with the assignment under which they came."""
        self._worker = worker
        self._member = member
        self._live = live
        self._ledger = ledger
        self._feeds = feeds
        self._cursor_writer = cursor_writer
        self._starts = starts
        self._ticks = ticks
        self._cluster = cluster
        self._topic_ids = topic_ids
        self._ownership = ownership
        self._tasks = tasks
        self._trust = trust

    def assigned(self, partitions: Sequence[TopicPartition], generation: int) -> None:
        self._live.assigned(partitions, generation)
        self._tasks.spawn("take over", self._take_over(partitions, generation))

    async def _take_over(self, partitions: Sequence[TopicPartition], generation: int) -> None:
        def still_ours() -> list[TopicPartition]:
            return [partition for partition in partitions if self._live.has(partition, generation)]

        def known() -> list[TopicPartition]:
            return [partition for partition in still_ours() if partition in found]

        found = await self._starts.states(still_ours)
        token = f"{self._worker}:{generation}:{uuid.uuid4().hex}"
        claims = {p: Claim(token, self._topic_ids.of(p.topic)) for p in found}
        self.waiting.update(dict.fromkeys(known(), generation))
        async with self.meeting:
            taken = await self._cursor_writer.take_over(claims, known)
            self._have_heard(found, generation)
            starts = await self._starts.of_partitions(found, taken)
            await self._ownership.claim(starts, known)
            ours = known()
            begins = {p: max(starts[p], found[p].low) for p in ours}
            self._trust.took_over(taken, begins)
            self._live.took_over(begins)
            self._feeds.restore(taken, ours, self._ledger.positions)
            for partition in ours:
                if starts[partition] < found[partition].low:
                    self._live.missing(partition, starts[partition], found[partition].low)
            logger.info("Took over %d partitions", len(ours), extra={"action": "assigned"})
        try:
            starts = {partition: self._ledger.positions[partition] for partition in ours}
            await self._member.begin(starts, generation)
        except KafkaException as error:  # they went again while we looked up their cursors
            say_refusal(error, "resume_failed")
        if leaderless := [partition for partition in still_ours() if partition not in found]:
            logger.warning("No leader: %s", leaderless, extra={"action": "leaderless"})
            self._tasks.spawn("leaderless", self._wait_for_leaders(leaderless, generation))

    def _have_heard(self, partitions: Iterable[TopicPartition], generation: int) -> None:
        for partition in partitions:
            if self.waiting.get(partition) == generation:  # else it has gone, and may be back
                del self.waiting[partition]

    async def _wait_for_leaders(
        self, partitions: Collection[TopicPartition], generation: int
    ) -> None:
        while wanted := [p for p in partitions if self._live.has(p, generation)]:
            await asyncio.sleep(RETRY_SECONDS)
            with suppress(KafkaException):
                led = await self._cluster.bounds(wanted)
                back = [partition for partition in led if self._live.has(partition, generation)]
                await self._member.assign_again(back)
                partitions = set(wanted) - set(back)

    async def revoked(self, partitions: Collection[TopicPartition], until: float) -> Offsets:
        gone = set(partitions)
        self._live.revoked(gone)
        arrive_until = until - LAST_STORE_SECONDS if self._lines_may_arrive else 0.0
        offsets = await self._ticks.hand_over(gone, arrive_until, until)
        await self._trust.give_up(gone, offsets, until)
        self.lost(gone)
        return offsets

    def hurry(self) -> None:
        """What is under way has had its time: the next hand-over waits for the database alone."""
        self._lines_may_arrive = False

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        gone = set(partitions)
        self._live.revoked(gone)
        for partition in gone:
            self.waiting.pop(partition, None)
        self._cursor_writer.give_up(gone)
        self._ledger.revoked(gone)
        self._feeds.forget(gone)
        self._trust.forget(gone)

    def metadata(self, topic: str) -> str:
        return self._ownership.metadata(topic)

    def take_back(self, partitions: Collection[TopicPartition]) -> None:
        """Somebody claimed them after us. If they are ours even so, they are taken over anew."""
        self.lost(partitions)
        self._tasks.spawn("take back", self._member.assign_again(partitions))

    async def look_for_new_logs(self) -> None:
        """Topics that were deleted and made anew: offsets of the old ones mean nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._rest_seconds):
                await self._live.backwards.wait()
        self._live.backwards.clear()
        topics = {partition.topic for partition in self._ledger.positions}
        began = time.monotonic()
        try:
            changed = await self._topic_ids.changed(topics)
        except KafkaException as error:
            say_refusal(error, "topic_ids_failed")
            return
        finally:
            self._rest_seconds = max(TOPICS_SECONDS, (time.monotonic() - began) / TOPICS_SHARE)
        partitions = [p for p in self._ledger.positions if p.topic in changed]
        if partitions:
            logger.warning("Made anew: %s", ", ".join(changed), extra={"action": "topic_anew"})
            self._feeds.new_logs(partitions)
            self.lost(partitions)
            await self._member.assign_again(partitions)
