"""What one write to a receiver holds."""

from __future__ import annotations

from events.records import TopicPartition
from shuttle.notices import Notice


class Mark:
    """How far one write reaches in each partition, and the first batch it has lines of.

    A *covered* mark is one for whose partitions the database has a cursor at or before it: it
    does not hold the group's offsets back.
    """

    __slots__ = ("batch", "begins", "covered", "ends", "lines", "notice", "sent_as", "since")

    def __init__(self, batch: int, since: float, *, covered: bool) -> None:
        self.batch = batch
        self.since = since
        """Monotonic seconds at which its first line was taken."""
        self.covered = covered
        self.lines = 0
        self.notice: Notice | None = None
        """What it tells of lost lines, before its own."""
        self.sent_as: str | None = None
        """The name under which these lines were sent before."""
        self.begins: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}

    @property
    def name(self) -> str:
        """The same for the same records, whenever they are read."""
        if self.sent_as is not None:
            return self.sent_as
        parts = [
            f"{topic}/{partition}:{begin}-{self.ends[TopicPartition(topic, partition)]}"
            for (topic, partition), begin in sorted(self.begins.items())
        ]
        return " ".join(parts)

    def add(self, source: TopicPartition, begin: int, end: int, lines: int) -> None:
        if source not in self.begins:
            self.begins[source] = begin
        self.ends[source] = end
        self.lines += lines
