"""Whose records are tried before a worker works on them: of partitions that others fell over.

Each worker counts its try in the claim that it takes over, and says there when it has held the
partition for a while, gives it back, or falls. Who is killed says nothing. Who gives it back where
it got it has learnt nothing of it: that leaves the tries as they were.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple, cast

from events.formats.malformed import Malformed
from events.kafka.records import Offsets, TopicPartition
from shuttle.commit.store import Claim, StoreError, TakenOver, Tries
from shuttle.commit.store_thread import StoreThread
from shuttle.suspects import Suspects
from shuttle.worker.background import BackgroundTasks

logger = logging.getLogger(__name__)

SUSPECT_TRIES = 3
HELD_SECONDS = 60.0
"""Who has worked on a partition for so long holds it: what comes then begins to count anew."""


class Before(NamedTuple):
    """How it was when a partition was taken over after others' tries."""

    begin: int
    """The first offset that was not settled."""
    tries: Tries
    """So many, or what stood for them."""


class Trust:
    """Owns the suspects, and whether this worker is about to fall. `malformed`: where what they are
    guilty of is counted. `claims`: ours, kept up to date by their owner."""

    def __init__(
        self,
        store: StoreThread,
        malformed: Malformed,
        claims: Mapping[TopicPartition, Claim],
        tasks: BackgroundTasks,
    ) -> None:
        self.suspects = Suspects(malformed, self._leave_out)
        self._store = store
        self._claims = claims
        self._tasks = tasks
        self._before: dict[TopicPartition, Before] = {}
        """Of those that are not held yet."""
        self._at_the_end = Tries.GIVEN_BACK
        self.held_seconds = HELD_SECONDS

    def took_over(self, taken: TakenOver, begins: Offsets) -> None:
        """`begins`: where those begin that are still ours. Others may have gone meanwhile."""
        for partition in begins.keys() & taken.deadly.keys():
            self.suspects.leave_out(partition, taken.deadly[partition])
        again = {p: self._claims[p] for p in begins if taken.tries.get(p, 0) > Tries.HELD}
        self._before |= {p: Before(begins[p], cast(Tries, taken.tries[p] - 1)) for p in again}
        suspect = {p for p in again if taken.tries[p] >= SUSPECT_TRIES}
        if suspect:
            logger.warning(
                "Others fell over %d partitions, such as %s [%d]: their records are tried first",
                len(suspect),
                *min(suspect),
                extra={"action": "suspect"},
            )
            self.suspects.partitions |= suspect
        if again:
            self._tasks.spawn("hold", self._hold(again))

    def falls(self) -> None:
        """Something ends this worker: what it gives up is not given back."""
        self._at_the_end = Tries.FELL

    async def give_up(
        self, partitions: Collection[TopicPartition], settled: Offsets, until: float
    ) -> None:
        """`settled`: how far they are. `until`: monotonic seconds. What cannot be said in time
        counts as a fall."""
        alike: dict[Tries, dict[TopicPartition, Claim]] = {}
        for partition in self._claims.keys() & set(partitions):
            tries = self._tries_left(partition, settled)
            alike.setdefault(tries, {})[partition] = self._claims[partition]
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout_at(until):
                for tries, claims in alike.items():
                    await self._say(claims, tries)

    def _tries_left(self, partition: TopicPartition, settled: Offsets) -> Tries:
        before = self._before.get(partition)
        if before is None or self._at_the_end is Tries.FELL:
            return self._at_the_end
        has_moved = settled.get(partition, before.begin) > before.begin
        return Tries.GIVEN_BACK if has_moved else before.tries

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        self.suspects.forget(partitions)
        for partition in partitions:
            self._before.pop(partition, None)

    async def _hold(self, taken: Mapping[TopicPartition, Claim]) -> None:
        await asyncio.sleep(self.held_seconds)
        held = {p: claim for p, claim in taken.items() if self._claims.get(p) == claim}
        self.suspects.partitions -= held.keys()
        for partition in held:
            self._before.pop(partition, None)
        with suppress(StoreError):
            await self._say(held, Tries.HELD)

    async def _leave_out(self, partition: TopicPartition, offset: int) -> None:
        """What cannot be said now the next worker finds out as we did."""
        if claim := self._claims.get(partition):
            with suppress(StoreError):
                await self._store.ask(lambda store: store.leave_out(partition, offset, claim))

    async def _say(self, claims: Mapping[TopicPartition, Claim], tries: Tries) -> None:
        if claims:
            await self._store.ask(lambda store: store.set_tries(claims, tries))
