"""Open batches in order → offsets that are safe to commit. Pure; time is an argument."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from events.kafka.records import Offsets, TopicPartition

COMMIT_DELAY_SECONDS = 2.0
"""A receiver may die with lines that its kernel confirmed: their offsets wait a little."""

MERGE_ABOVE = 1024


class Ledger:
    """Positions of the live pass: where it is, what is settled, what may be committed."""

    def __init__(self) -> None:
        self.positions: Offsets = {}
        """Next offset that the live pass will see, of each partition that it has."""
        self.safe: Offsets = {}
        """All that may be committed by now, whether or not it has been."""
        self._open: deque[tuple[int, Mapping[TopicPartition, int]]] = deque()
        self._settled: deque[tuple[float, int, Offsets]] = deque()
        self._first_held = math.inf

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget these: nothing of them may be committed any more."""
        gone = set(partitions)
        kept = [(number, _without(ends, gone)) for number, ends in self._open]
        self._open = deque(kept)
        self._settled = deque(
            (at, number, _without(ends, gone)) for at, number, ends in self._settled
        )
        for partition in gone:
            self.positions.pop(partition, None)
            self.safe.pop(partition, None)

    def open(self, number: int, ends: Mapping[TopicPartition, int]) -> None:
        """A batch has been handed over. Only what it moved is kept."""
        if ends:
            self._open.append((number, ends))
            self.positions.update(ends)

    def settle(self, held: Sequence[int], now: float) -> None:
        """Every batch below all of `held` is confirmed, or its cursors are stored."""
        self._first_held = min(held, default=math.inf)
        ends: Offsets = {}
        last = 0
        while self._open and self._open[0][0] < self._first_held:
            last, moved = self._open.popleft()
            ends.update(moved)
        if ends:
            self._settled.append((now, last, ends))
        if len(self._open) > MERGE_ABOVE:
            self._merge(sorted(set(held)))

    def committable(self, now: float) -> Offsets:
        """Take out what was settled `COMMIT_DELAY_SECONDS` ago: it may be committed.

        Unless it is held by now: a connection has ended and stepped back behind it.
        """
        offsets: Offsets = {}
        settled = self._settled
        while (
            settled
            and settled[0][0] <= now - COMMIT_DELAY_SECONDS
            and settled[0][1] < self._first_held
        ):
            offsets.update(settled.popleft()[2])
        self.safe.update(offsets)
        return offsets

    def settled_of(self, partitions: Collection[TopicPartition]) -> Offsets:
        """How far these are settled by now, whatever is still to wait for its commit."""
        offsets = {partition: at for partition, at in self.safe.items() if partition in partitions}
        for _, number, ends in self._settled:
            if number < self._first_held:
                offsets.update({p: end for p, end in ends.items() if p in partitions})
        return offsets

    def _merge(self, held: Sequence[int]) -> None:
        """Neighbours that nobody waits for become one: many batches, few waiting feeds."""
        merged: deque[tuple[int, Mapping[TopicPartition, int]]] = deque()
        rest = deque(self._open)
        for next_held in [*held[1:], math.inf]:
            group: Offsets = {}
            number = 0
            while rest and rest[0][0] < next_held:
                number, ends = rest.popleft()
                group.update(ends)
            if group:
                merged.append((number, group))
        self._open = merged


def _without(
    ends: Mapping[TopicPartition, int], gone: set[TopicPartition]
) -> dict[TopicPartition, int]:
    return {partition: end for partition, end in ends.items() if partition not in gone}
