"""Lines that a replay hands over before any others, and a write that went before them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from statistics import median

from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.writes import Write

LONG_BYTES, LONGER = 480, 2
"""No receiver may refuse shorter lines; and so many times as long as usual."""

Window = dict[TopicPartition, tuple[int, int]]
"""Offsets from the first to just before the second."""


class Portion:
    """Lines that are to be handed over before any others: up to these offsets, and no further."""

    def __init__(
        self,
        ends: Mapping[TopicPartition, int],
        left_out: Mapping[TopicPartition, tuple[int, int]] | None = None,
    ) -> None:
        """`left_out`: what lies between these offsets, at the beginning."""
        self.ends = dict(ends)
        self._left_out = dict(left_out or {})

    def limit_of(self, partition: TopicPartition) -> int:
        """The offset before which lines of a partition belong to it; 0: none of them do."""
        return self.ends.get(partition, 0)

    def begin_of(self, partition: TopicPartition) -> int:
        return self._left_out.get(partition, (0, 0))[1]

    @property
    def held(self) -> Offsets:
        """From where on lines are still to come though others behind them were handed over."""
        return {partition: begin for partition, (begin, _) in self._left_out.items()}

    @property
    def left_out_to(self) -> Offsets:
        return {partition: end for partition, (_, end) in self._left_out.items()}

    def hold(self, write: Write) -> None:
        """What is left out is still to come, should this write not get there."""
        for partition in self._left_out.keys() & write.parts.keys():
            write.parts[partition].begin = self._left_out[partition][0]

    def is_complete(self, gaps: Mapping[TopicPartition, int]) -> bool:
        """Whether all its lines have been handed over, going by what is still missing."""
        return all(gaps.get(partition, end) >= end for partition, end in self.ends.items())

    def end_here(self, partition: TopicPartition) -> None:
        """There is no more of it."""
        self.ends.pop(partition, None)

    def forget(self, partitions: Set[TopicPartition]) -> None:
        """They are another worker's."""
        for partition in partitions:
            self.ends.pop(partition, None)
            self._left_out.pop(partition, None)


class Request(Portion):
    """One that failed: receivers drop doubles by its `name`, so it is cut exactly so again."""

    def __init__(self, failed: Write, unanswered: int) -> None:
        """`unanswered`: how often the connection ended in the middle of it."""
        super().__init__({partition: part.end for partition, part in failed.parts.items()})
        self.name = failed.name
        self.unanswered = unanswered


def width_of(window: Window) -> int:
    """In offsets."""
    return sum(end - begin for begin, end in window.values())


def overlap(one: Window, other: Window) -> bool:
    both = one.keys() & other.keys()
    return any(one[p][0] < other[p][1] and other[p][0] < one[p][1] for p in both)


def longest_of(writes: Collection[Write]) -> Window:
    """The write whose lines are longer than usual by far: one of them may be too long; or none."""
    sizes = {write: write.size / write.lines for write in writes if write.lines}
    longest = max(sizes, key=sizes.__getitem__, default=None)
    usual = median(sizes.values()) if sizes else 0.0
    if longest is None or sizes[longest] < max(LONG_BYTES, LONGER * usual):
        return {}
    return {partition: (part.begin, part.end) for partition, part in longest.parts.items()}


def first_half_of(window: Window) -> Offsets:
    """Where it ends: of several partitions some, of one its first offsets, one at least."""
    if len(window) > 1:
        partitions = sorted(window)
        return {p: window[p][1] for p in partitions[: len(partitions) // 2]}
    ((partition, (begin, end)),) = window.items()
    return {partition: begin + max((end - begin) // 2, 1)}


def bounds_of(writes: Iterable[Write]) -> tuple[Offsets, Offsets]:
    """Where the first of them begins in each partition, and where the last one ends."""
    begins: Offsets = {}
    ends: Offsets = {}
    for write in writes:
        for partition, part in write.parts.items():
            begins[partition] = min(begins.get(partition, part.begin), part.begin)
            ends[partition] = max(ends.get(partition, 0), part.end)
    return begins, ends
