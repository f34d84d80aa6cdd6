"""What one write to a receiver holds."""

from __future__ import annotations

from events.records import Run, TopicPartition
from shuttle.notices import Notice


class Mark:
    """How far one write reaches in each partition, and the first batch it has lines of.

    A *covered* mark is one for whose partitions the database has a cursor at or before it: it
    does not hold the group's offsets back.
    """

    __slots__ = (
        "batch",
        "begins",
        "confirmed",
        "covered",
        "ends",
        "lines",
        "notice",
        "oldest_ms",
        "sent_as",
        "since",
        "size",
    )

    def __init__(self, batch: int, since: float, *, covered: bool) -> None:
        self.batch = batch
        self.since = since
        """Monotonic seconds at which its first line was taken."""
        self.covered = covered
        self.confirmed = False
        self.lines = 0
        self.size = 0
        """Bytes, once it is sent."""
        self.oldest_ms = 0
        """Kafka's time of the first record of the first run; 0 for a mark without lines."""
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

    def add(self, run: Run, lines: int) -> None:
        source = run.source
        if source not in self.begins:
            self.begins[source] = run.begin
        self.ends[source] = run.end
        if not self.lines:
            self.oldest_ms = run.first_timestamp_ms
        self.lines += lines
