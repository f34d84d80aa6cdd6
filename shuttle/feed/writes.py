"""What one write to a receiver holds, and who is told what becomes of it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from events.kafka.records import Offsets, PartitionRecords, TopicPartition, is_credible
from shuttle.feed.loss_notices import LossNotice

Pieces = tuple[bytes, ...]
"""Lines in wire format: what goes over each connection of a drain."""


class Write:
    """How far one write reaches in each partition, and the first batch it has lines of.

    One that `has_cursor` is one for whose partitions the database has a cursor at or before it: it
    does not hold the group's offsets back.
    """

    __slots__ = (
        "batch",
        "begins",
        "counts",
        "ends",
        "has_cursor",
        "lines",
        "notice",
        "oldest_ms",
        "sent_as",
        "since",
        "size",
        "stamps",
        "unanswered",
    )

    def __init__(self, batch: int, since: float, *, has_cursor: bool) -> None:
        self.batch = batch
        self.since = since
        """Monotonic seconds at which its first line was taken."""
        self.has_cursor = has_cursor
        self.lines = 0
        self.size = 0
        """Bytes, once it is sent."""
        self.oldest_ms = 0
        """Kafka's time of the first record; 0 without lines."""
        self.notice: LossNotice | None = None
        """What it tells of lost lines, before its own."""
        self.sent_as: str | None = None
        """The name under which these lines were sent before."""
        self.unanswered = 0
        """How often the connection has ended in the middle of a request with just these."""
        self.begins: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self.counts: dict[TopicPartition, int] = {}
        """Lines of each partition that it has lines of."""
        self.stamps: dict[TopicPartition, int] = {}
        """Kafka's time of the first of them, in milliseconds."""

    @property
    def name(self) -> str:
        """Equal for the same records, whenever they are read."""
        if self.sent_as is not None:
            return self.sent_as
        parts = [
            f"{topic}/{number}:{begin}-{self.ends[TopicPartition(topic, number)]}"
            for (topic, number), begin in sorted(self.begins.items())
        ]
        return " ".join(parts)

    def joined(self, behind: Write) -> Write:
        """Lines that were confirmed long ago; what they told of losses has been told."""
        both = Write(self.batch, self.since, has_cursor=self.has_cursor and behind.has_cursor)
        both.begins = behind.begins | self.begins
        both.ends = self.ends | behind.ends
        both.counts = self.counts | behind.counts
        for partition in self.counts.keys() & behind.counts.keys():
            both.counts[partition] += self.counts[partition]
        both.stamps = behind.stamps | self.stamps
        both.lines, both.size = self.lines + behind.lines, self.size + behind.size
        both.oldest_ms = self.oldest_ms
        return both

    def add(self, records: PartitionRecords, lines: int) -> None:
        partition = records.partition
        if partition not in self.begins:
            self.begins[partition] = records.begin
        self.ends[partition] = records.end
        if not self.lines:
            self.oldest_ms = records.first_timestamp_ms
        self.lines += lines
        if lines:
            self.counts[partition] = self.counts.get(partition, 0) + lines
            self.stamps.setdefault(partition, records.first_timestamp_ms)

    def forget(self, partition: TopicPartition) -> None:
        """What it has of this one is another worker's to see to."""
        for places in (self.begins, self.ends, self.counts, self.stamps):
            places.pop(partition, None)

    def oldest(self, wall: float, now: float) -> float:
        """Epoch seconds of its oldest line: Kafka's time, or when it was taken where that cannot
        be. Now is `wall` in epoch seconds, `now` in monotonic ones."""
        stamps = [stamp for stamp in self.stamps.values() if is_credible(stamp, wall * 1000)]
        return min(stamps) / 1000 if stamps else wall - (now - self.since)


class Progress(NamedTuple):
    """What a receiver has confirmed since it was asked last."""

    writes: list[Write]
    bytes: int
    refused: int
    """Lines among them that it will not have."""


class WriteOwner(Protocol):
    """Whose lines these are."""

    def write_begins(self, now: float, gather_seconds: float) -> tuple[LossNotice, bytes] | None:
        """Lines wait to be flushed from now on. Returns what is to be told before them."""

    def confirmed(self, progress: Progress) -> None: ...

    def reopen(self, begins: Offsets) -> None:
        """In these partitions lines have to be handed over once more, from here on; in others it
        may have been shown that they were read."""

    def gave_up(self, ends: Offsets, lines: int) -> None:
        """So many lines, up to these offsets, are more than the receiver takes."""
