"""Lines that a replay hands over before any others, and a write that went before them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from events.kafka.records import Offsets, TopicPartition
from shuttle.feed.writes import Write

Window = dict[TopicPartition, tuple[int, int]]
"""Offsets from the first to just before the second."""


class Portion:
    """Lines that are to be handed over before any others: up to these offsets, and no further.

    A request that failed has a `name`: receivers drop doubles by it, so it is cut exactly so again.
    """

    def __init__(
        self,
        ends: Mapping[TopicPartition, int],
        name: str = "",
        unanswered: int = 0,
        left_out: Mapping[TopicPartition, tuple[int, int]] | None = None,
    ) -> None:
        """`unanswered`: how often the connection ended in the middle of this request. `left_out`:
        what lies between these offsets, at the beginning."""
        self.ends = dict(ends)
        self.name = name
        self.unanswered = unanswered
        self._left_out = left_out or {}

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
        write.begins |= {p: begin for p, begin in self.held.items() if p in write.begins}

    def is_complete(self, gaps: Mapping[TopicPartition, int]) -> bool:
        """Whether all its lines have been handed over, going by what is still missing."""
        return all(gaps.get(partition, end) >= end for partition, end in self.ends.items())

    def forget(self, partition: TopicPartition) -> None:
        self.ends.pop(partition, None)


class GivenUp(NamedTuple):
    """Lines that a receiver will not have."""

    ends: Offsets
    """It goes on from here."""
    lines: int


def width_of(window: Window) -> int:
    """In offsets."""
    return sum(end - begin for begin, end in window.values())


def holds(window: Window, partition: TopicPartition, offset: int) -> bool:
    begin, end = window.get(partition, (0, 0))
    return begin <= offset < end


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
        for partition, begin in write.begins.items():
            begins[partition] = min(begins.get(partition, begin), begin)
            ends[partition] = max(ends.get(partition, 0), write.ends[partition])
    return begins, ends
