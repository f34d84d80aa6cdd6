"""What comes out of Kafka: records in batches, a batch in parts of one partition each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, cast

import confluent_kafka as kafka
from confluent_kafka import Message

_value_of = Message.value
_topic_of = Message.topic
_number_of = Message.partition
_timestamp_of = Message.timestamp
_ms_of = itemgetter(1)


YEAR_2000_MS = 946_684_800_000
HOUR_MS = 3_600_000


class TopicPartition(NamedTuple):
    topic: str
    number: int


Offsets = dict[TopicPartition, int]


class PartitionRecords:
    """Neighbouring records of one partition: offsets from `begin` to just before `end`.

    Not every offset in between has a record (compaction, control records).
    """

    __slots__ = ("_earliest_ms", "begin", "end", "first_timestamp_ms", "messages", "partition")

    def __init__(self, partition: TopicPartition, messages: Sequence[Message]) -> None:
        self.partition = partition
        self.messages = messages
        self.begin = offset_of(messages[0])
        self.end = offset_of(messages[-1]) + 1
        self.first_timestamp_ms = timestamp_ms(messages[0])
        self._earliest_ms: int | None = None

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def values(self) -> list[bytes | None]:
        return list(map(_value_of, self.messages))

    @property
    def bytes(self) -> int:
        """Of all values together."""
        return sum(len(value) for value in self.values if value)

    @property
    def earliest_ms(self) -> int:
        """Producers' clocks differ: not always the first one's. Looked for once, for all feeds."""
        if self._earliest_ms is None:
            stamps = map(_ms_of, map(_timestamp_of, self.messages))
            self._earliest_ms = max(min(stamps), 0)
        return self._earliest_ms

    def time(self, wall: float) -> float:
        """Epoch seconds of the first record; `wall`, which is now, if that cannot be its time."""
        return time_of(self.first_timestamp_ms, wall)

    def part(self, begin: int, end: int | None = None) -> PartitionRecords | None:
        """The records from offset `begin` to before `end`."""
        last = self.end if end is None else end
        if begin <= self.begin and self.end <= last:
            return self
        kept = [message for message in self.messages if begin <= offset_of(message) < last]
        return PartitionRecords(self.partition, kept) if kept else None

    def pieces(self, records_max: int, bytes_max: int) -> Iterator[PartitionRecords]:
        """The same records in order, cut so that a piece has no more of either, but one record."""
        begin = size = 0
        for index, value in enumerate(self.values):
            size += len(value or b"")
            if index > begin and (size > bytes_max or index - begin >= records_max):
                yield PartitionRecords(self.partition, self.messages[begin:index])
                begin, size = index, len(value or b"")
        yield PartitionRecords(self.partition, self.messages[begin:]) if begin else self

    def first(self, count: int) -> PartitionRecords:
        """So many of them, one at least."""
        if count >= len(self):
            return self
        return PartitionRecords(self.partition, self.messages[: max(count, 1)])

    def behind(self, count: int) -> PartitionRecords | None:
        """Those behind the first so many."""
        kept = self.messages[count:]
        return PartitionRecords(self.partition, kept) if kept else None


@dataclass(frozen=True, slots=True)
class Batch:
    """Records taken together, and where each partition that moved has got to."""

    parts: Sequence[PartitionRecords]
    ends: Mapping[TopicPartition, int]
    """Next offset after this batch; also moved by end-of-partition events, without records."""
    generation: int = 0
    """Which assignment of the consumer these were taken under."""
    reset_to: Mapping[TopicPartition, int] = field(default_factory=dict)
    """Partitions of which records left Kafka before they were read, and where it goes on."""

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def cut(self, part: PartitionRecords, done: int, seam: int) -> tuple[Batch, Batch]:
        """What ends with the first `done` records of one of its parts, and what lies behind, where
        that part comes in two pieces, cut at record `seam`."""
        at = next(index for index, one in enumerate(self.parts) if one is part)
        before = [*self.parts[:at], part.first(done)]
        ends = {records.partition: records.end for records in before}
        pieces = part.messages[done:seam], part.messages[max(done, seam) :]
        behind = [PartitionRecords(part.partition, piece) for piece in pieces if piece]
        rest = replace(self, parts=[*behind, *self.parts[at + 1 :]])
        return replace(self, parts=before, ends=ends, reset_to={}), rest


def by_partition(messages: Sequence[Message]) -> Iterator[PartitionRecords]:
    """Cut messages, all without an error, where the partition changes. Keeps their order."""
    topics = cast(list[str], list(map(_topic_of, messages)))
    partitions = cast(list[int], list(map(_number_of, messages)))
    if len(set(topics)) == len(set(partitions)) == 1:  # as a busy partition's are
        yield PartitionRecords(TopicPartition(topics[0], partitions[0]), messages)
        return
    start = 0
    for (topic, partition), members in groupby(zip(topics, partitions, strict=True)):
        stop = start + len(list(members))
        yield PartitionRecords(TopicPartition(topic, partition), messages[start:stop])
        start = stop


def offset_of(message: Message) -> int:
    """The offset of a record that came from a broker, which always has one."""
    return cast(int, message.offset())


def message_partition(message: Message) -> TopicPartition:
    """Where a record came from."""
    return TopicPartition(cast(str, message.topic()), cast(int, message.partition()))


def partition_of(part: kafka.TopicPartition) -> TopicPartition:
    """Our name of a partition that librdkafka names."""
    return TopicPartition(part.topic, part.partition)


def timestamp_ms(message: Message) -> int:
    """Kafka's own time of a record, in epoch milliseconds; 0 when it has none."""
    kind_and_time: tuple[int, int] = message.timestamp()
    return max(kind_and_time[1], 0)


def time_of(stamp_ms: int, wall: float) -> float:
    """Epoch seconds; `wall`, which is now, if that cannot be a record's time."""
    return stamp_ms / 1000 if is_credible(stamp_ms, wall * 1000) else wall


def is_credible(stamp_ms: int, now_ms: float) -> bool:
    """Whether a record's time tells its age: producers stamp in seconds too, or in microseconds,
    or not at all."""
    return YEAR_2000_MS <= stamp_ms <= now_ms + HOUR_MS
