"""What one write to a receiver holds, and who is told what becomes of it."""

from __future__ import annotations

from collections.abc import Set
from operator import itemgetter
from typing import NamedTuple, Protocol

from msgspec import Struct

from events.kafka.records import Offsets, PartitionRecords, TopicPartition, is_credible
from shuttle.feed.loss_notices import LossNotice

Pieces = tuple[bytes, ...]
"""Lines in wire format: what goes over each connection of a drain."""


class Part(Struct, gc=False):
    """What a write has of one partition: records from offset `begin` to before `end`."""

    begin: int
    end: int
    lines: int = 0
    first_ms: int = 0
    """Kafka's time of the first record with a line."""

    def behind(self, before: Part) -> Part:
        """Both, in one."""
        first_ms = before.first_ms if before.lines else self.first_ms
        return Part(before.begin, self.end, before.lines + self.lines, first_ms)


class Write:
    """What it has of each partition, and the first batch that it has lines of.

    One that `has_cursor` is one for whose partitions the database has a cursor at or before it: it
    does not hold the group's offsets back.
    """

    __slots__ = (
        "batch",
        "has_cursor",
        "lines",
        "notice",
        "parts",
        "sent_as",
        "since",
        "size",
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
        self.notice: LossNotice | None = None
        """What it tells of lost lines, before its own."""
        self.sent_as: str | None = None
        """The name under which these lines were sent before."""
        self.unanswered = 0
        """How often the connection has ended in the middle of a request with just these."""
        self.parts: dict[TopicPartition, Part] = {}
        """Without those that are another worker's by now."""

    @property
    def name(self) -> str:
        """Equal for the same records, whenever they are read."""
        if self.sent_as is not None:
            return self.sent_as
        parts = sorted(self.parts.items(), key=itemgetter(0))
        return " ".join(f"{topic}/{number}:{of.begin}-{of.end}" for (topic, number), of in parts)

    @property
    def first_ms(self) -> int:
        """Kafka's time of its first line; 0 without lines."""
        return next((part.first_ms for part in self.parts.values() if part.lines), 0)

    def joined(self, behind: Write) -> Write:
        """Lines that were confirmed long ago; what they told of losses has been told."""
        both = Write(self.batch, self.since, has_cursor=self.has_cursor and behind.has_cursor)
        both.parts = self.parts | behind.parts
        for partition in self.parts.keys() & behind.parts.keys():
            both.parts[partition] = behind.parts[partition].behind(self.parts[partition])
        both.lines, both.size = self.lines + behind.lines, self.size + behind.size
        return both

    def add(self, records: PartitionRecords, lines: int) -> None:
        part = self.parts.get(records.partition)
        if part is None:
            part = self.parts[records.partition] = Part(records.begin, records.end)
        part.end = records.end
        if lines:
            if not part.lines:
                part.first_ms = records.first_timestamp_ms
            part.lines += lines
            self.lines += lines

    def forget(self, partitions: Set[TopicPartition]) -> None:
        """What it has of these is another worker's to see to."""
        for partition in self.parts.keys() & partitions:
            del self.parts[partition]

    @property
    def lines_here(self) -> int:
        """Those of partitions that are still this worker's."""
        return sum(part.lines for part in self.parts.values())

    def oldest(self, wall: float, now: float) -> float:
        """Epoch seconds of its oldest line: Kafka's time, or when it was taken where that cannot
        be. Now is `wall` in epoch seconds, `now` in monotonic ones."""
        stamps = [
            part.first_ms
            for part in self.parts.values()
            if part.lines and is_credible(part.first_ms, wall * 1000)
        ]
        return min(stamps) / 1000 if stamps else wall - (now - self.since)


class Progress(NamedTuple):
    """What a receiver has confirmed since it was asked last."""

    writes: list[Write]
    bytes: int
    refused: int
    """Lines among them that it will not have."""


class GivenUp(NamedTuple):
    """Lines that a receiver will not have."""

    ends: Offsets
    """It goes on from here."""
    lines: int
    bytes: int

    @property
    def why(self) -> str:
        """As the drain's owner is told."""
        return (
            f"a line of {self.bytes:,} bytes is more than it has room for, and was given up:"
            " max_record_bytes would cut such lines"
        )


class WriteOwner(Protocol):
    """Whose lines these are."""

    def write_begins(self, now: float, gather_seconds: float) -> tuple[LossNotice, bytes] | None:
        """Lines wait to be flushed from now on. Returns what is to be told before them."""

    def confirmed(self, progress: Progress) -> None: ...

    def reopen(self, begins: Offsets) -> None:
        """In these partitions lines have to be handed over once more, from here on; in others it
        may have been shown that they were read."""

    def gave_up(self, found: GivenUp) -> None:
        """Lines that are more than the receiver takes."""
