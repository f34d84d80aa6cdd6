"""Records that take a worker down: found by a child that reads them first, then left out.

Two workers in a row that did not hold a partition make it suspect to the third. That one has each
of its batches tried by a child, record by record, before it works on it itself. A record that ends
a child twice is left out: no worker reads it again. Who is killed for another reason, by whatever
and however often, leaves nothing out, since a child that reads the same records is through.

A child hands nothing over. Where that raises for a record of a suspect partition, or stands still,
its worker falls once more, and has the next one leave the record out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from confluent_kafka import Message

from events.formats.malformed import Malformed
from events.kafka.records import Batch, PartitionRecords, TopicPartition, offset_of
from events.process.forked import tried

logger = logging.getLogger(__name__)

REASON = "took_down_worker"
RECORD_SECONDS = 8.0
"""How long a child may take for one: as long as a worker's event loop may stand still."""
TOLD_SECONDS = 2.0
"""How long a worker that falls may take to say over what."""

Work = Callable[[PartitionRecords], object]
Keep = Callable[[TopicPartition, int], Awaitable[None]]


async def _nowhere(_: TopicPartition, __: int) -> None:
    """A pass that stands alone, in a test."""


class Suspects:
    """Owns which partitions are suspect, and which records are left out."""

    def __init__(self, malformed: Malformed | None = None, keep: Keep = _nowhere) -> None:
        """`malformed`: where what is left out is counted and sampled. `keep`: has the next worker
        know an offset that is left out."""
        self._malformed = malformed or Malformed()
        self._keep = keep
        self.partitions: set[TopicPartition] = set()
        self._left_out: dict[TopicPartition, set[int]] = {}
        self.limit_seconds = RECORD_SECONDS
        self._trials: set[asyncio.Task[Collection[PartitionRecords]]] = set()
        self._is_stopped = False

    @property
    def are_there(self) -> bool:
        return bool(self.partitions or self._left_out)

    def leave_out(self, partition: TopicPartition, offsets: Iterable[int]) -> None:
        """As former workers have found."""
        self._left_out.setdefault(partition, set()).update(offsets)

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """They are another's."""
        self.partitions.difference_update(partitions)
        for partition in partitions:
            self._left_out.pop(partition, None)

    def stop(self) -> None:
        """End what is being tried: it may take longer than a worker's end may."""
        self._is_stopped = True
        for trial in self._trials:
            trial.cancel()

    async def passable(self, batch: Batch, work: Work) -> Batch:
        """Without what is left out; of suspect partitions record by record. Once stopped, raises
        CancelledError where something is to be tried: nobody may pass over it."""
        parts: list[PartitionRecords] = []
        for records in batch.parts:
            partition, kept = records.partition, self._kept(records)
            if partition in self.partitions:
                parts += [PartitionRecords(partition, [message]) for message in kept]
            elif len(kept) == len(records):
                parts.append(records)
            elif kept:
                parts.append(PartitionRecords(partition, kept))
        suspect = [part for part in parts if part.partition in self.partitions]
        deadly = await self._until_stopped(self._deadly_of(suspect, work)) if suspect else ()
        return replace(batch, parts=[part for part in parts if part not in deadly])

    async def _until_stopped(
        self, trying: Coroutine[Any, Any, Collection[PartitionRecords]]
    ) -> Collection[PartitionRecords]:
        trial = asyncio.create_task(trying, name="trial")
        self._trials.add(trial)
        if self._is_stopped:
            trial.cancel()
        try:
            return await trial
        finally:
            self._trials.discard(trial)

    async def ended_by(
        self, error: BaseException, records: PartitionRecords, cpu_seconds: float
    ) -> None:
        """This worker ends, in the middle of its own work on these, which took `cpu_seconds`. What
        lacks memory, or has no CPU to get on with, is none of their doing."""
        has_stood_still = isinstance(error, SystemExit)  # as the watchdog has it
        is_innocent = isinstance(error, MemoryError) or (
            has_stood_still and cpu_seconds < self.limit_seconds / 2
        )
        if records.partition in self.partitions and len(records) == 1 and not is_innocent:
            with suppress(TimeoutError):
                async with asyncio.timeout(TOLD_SECONDS):
                    await self._found(records, f"ends a worker: {type(error).__name__}")

    def _kept(self, records: PartitionRecords) -> Sequence[Message]:
        """Those that are not left out: nearly always all, without a look at each."""
        known = self._left_out.get(records.partition, ())
        gone = {offset for offset in known if records.begin <= offset < records.end}
        if not gone:
            return records.messages
        return [message for message in records.messages if offset_of(message) not in gone]

    async def _deadly_of(
        self, singles: Sequence[PartitionRecords], work: Work
    ) -> Collection[PartitionRecords]:
        """Each time from the first on: what a record does may hang on those before it."""
        singles, found = list(singles), []
        doubtful: PartitionRecords | None = None
        while True:
            try:
                passed, ended = await tried(singles, work, self.limit_seconds)
            except OSError as error:
                logger.warning("Untried: %s", error, extra={"action": "untried"})
                break
            if not ended:
                break
            if singles[passed] is doubtful:
                found.append(singles.pop(passed))
                await self._found(found[-1], ended)
            else:
                doubtful = singles[passed]
        return found

    async def _found(self, record: PartitionRecords, ended: str) -> None:
        partition, offset = record.partition, record.begin
        logger.error(
            "Left out: the record of %s [%d] at offset %d, which %s",
            *partition,
            offset,
            ended,
            extra={"action": REASON},
        )
        if offset not in self._left_out.get(partition, ()):  # or another pass has met it, too
            self._malformed.add(partition, record.messages[0], REASON)
        self.leave_out(partition, [offset])
        await self._keep(partition, offset)
