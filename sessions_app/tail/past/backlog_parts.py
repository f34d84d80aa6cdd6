"""What is known of a backlog's partitions and topics so far."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import accumulate, takewhile
from typing import NamedTuple

from events.lines import LogLine

KEPT_BYTES = 4 * 1024 * 1024
"""Of lines, as of those that wait for a reader of live ones."""
_LINE_BYTES = 100
"""What a line takes beside its text."""

_BEGIN_OF_TIME = datetime.min.replace(tzinfo=UTC)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Found(NamedTuple):
    time: datetime
    line: LogLine
    end: int = 0
    """Behind the records that it was read with."""

    @property
    def size(self) -> int:
        return len(self.line.text) + _LINE_BYTES


class PartitionPast:
    """What is known of one partition: all from `begin` to where its backlog ends."""

    def __init__(self, low: int, end: int, kept_bytes: int = KEPT_BYTES) -> None:
        self.low = low
        self.begin = end
        self.earliest_ms: int | None = None
        self.found: deque[Found] = deque()
        self.is_full = False
        """Older lines were found and had no room."""
        self.dropped_end = 0
        """Behind the records that the newest of those was read with."""
        self._kept_bytes = kept_bytes
        self._bytes = 0

    def may_have(self, oldest: datetime | None, count: int) -> bool:
        """More of the last `count` lines, the oldest of which by now is of that time (None: there
        are fewer). What has not been read yet is older than what has."""
        if self.begin <= self.low or self.is_full or len(self.found) >= count:
            return False
        return oldest is None or self.earliest_ms is None or _of_ms(self.earliest_ms) > oldest

    def add(self, lines: Iterable[Found]) -> None:
        """Newer ones than all before."""
        for found in lines:
            self.found.append(found)
            self._bytes += found.size
        self._keep_newest()

    def put_before(self, older: PartitionPast, begin: int) -> None:
        """All that was read from `begin` to where this one began."""
        self.begin = begin
        self.earliest_ms = older.earliest_ms or self.earliest_ms
        self.found.extendleft(reversed(older.found))
        self.is_full, self.dropped_end = older.is_full, older.dropped_end
        self._bytes += older._bytes
        self._keep_newest()

    def _keep_newest(self) -> None:
        while self._bytes > self._kept_bytes and len(self.found) > 1:
            dropped = self.found.popleft()
            self._bytes -= dropped.size
            self.is_full, self.dropped_end = True, dropped.end


class TopicPast:
    """How much of one topic has been read, and so how much of it can be afforded."""

    def __init__(self) -> None:
        self.bytes_left = 0
        """Of its share in this step."""
        self._records = self._bytes = 0
        self._doubt = 1
        """How many times larger its records may be than those read so far."""

    def has_read(self, records: int, size: int) -> None:
        self.bytes_left -= size
        self._records += records
        self._bytes += size

    def has_been_cut(self) -> None:
        """Its share did not do for what was to be read: less, next time."""
        self._doubt *= 2

    def affordable(self, partitions: int) -> float:
        """Records of each of so many partitions, judged by those read so far."""
        if self.bytes_left <= 0:
            return 0
        if not self._records:
            return float("inf")
        return self.bytes_left * self._records // max(self._bytes, 1) // self._doubt // partitions


def share_of(bytes_left: int, topic: str, topics: Collection[str], own: str) -> int:
    """What of it one of these topics may use: half is the app's own, which what others write to
    topics of all apps cannot use up; these have equal parts of the rest."""
    if own not in topics or len(topics) == 1:
        return bytes_left // len(topics)
    return bytes_left // 2 if topic == own else bytes_left // 2 // (len(topics) - 1)


def newest_of(found: Sequence[Found], kept_bytes: int = KEPT_BYTES) -> list[Found]:
    """As many of the last ones as have room, one at least."""
    newest = list(reversed(found))
    sizes = accumulate(each.size for each in newest)
    room = max(sum(1 for _ in takewhile(kept_bytes.__ge__, sizes)), 1)
    return newest[:room][::-1]


def time_of(line: LogLine) -> datetime:
    """A line's own; of a time that is none, the begin of time."""
    try:
        return datetime.fromisoformat(line.time).astimezone(UTC)
    except (ValueError, OverflowError):  # an offset at the begin of time
        return _BEGIN_OF_TIME


def _of_ms(epoch_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(epoch_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return _BEGIN_OF_TIME
