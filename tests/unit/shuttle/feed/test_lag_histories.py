"""A drain is behind by as many lines as are said, or by more if that is said."""

from __future__ import annotations

import random

import pytest

from events.kafka.records import Offsets, PartitionRecords, TopicPartition
from shuttle.feed.gaps import Gaps
from shuttle.feed.stored_rows import StoredCursor
from shuttle.feed.writes import Write
from tests.support.feed_bench import run

PARTITIONS = [TopicPartition("gs", number) for number in range(3)]
COUNTED = ("read", "read", "replay", "replay", "flush", "confirm", "drop", "fail")
LOST = ("give_up", "expire", "skip")
"""When all that was handed over has been confirmed."""
UNCOUNTED = (*COUNTED, "rewind", "go_back", *LOST)


class History:
    """A drain of an app that every record is a line of, but for each third one."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.gaps = Gaps(lambda: None)
        self.ends: Offsets = dict.fromkeys(PARTITIONS, 0)
        self.gathered = Write(1, 0.0, has_cursor=False)
        self.sent: list[Write] = []

    @property
    def missing(self) -> int:
        gaps = self.gaps.offsets.items()
        return sum(lines_between(at, self.ends[partition]) for partition, at in gaps)

    def happens(self, what: str) -> None:
        partition = self.chance.choice(PARTITIONS)
        if what in ("read", "flush", "confirm", "drop", "fail"):
            getattr(self, what)(partition)
        elif partition in self.gaps.offsets:
            if what in LOST:
                self.sent, self.gathered = [], Write(1, 0.0, has_cursor=False)
            getattr(self, what)(partition, self.gaps.offsets[partition])

    def read(self, partition: TopicPartition) -> None:
        begin = self.ends[partition]
        self.ends[partition] += self.chance.randint(1, 5)
        records = run(begin, self.ends[partition], partition)
        if partition in self.gaps.offsets or self.chance.random() < 0.2:
            self.gaps.missed(1, records, lines_of(records), 0.0)
        else:
            self.take(records)

    def take(self, records: PartitionRecords) -> None:
        self.gathered.add(records, lines_of(records))

    def flush(self, _: TopicPartition) -> None:
        self.sent.append(self.gathered)
        self.gathered = Write(1, 0.0, has_cursor=False)

    def confirm(self, _: TopicPartition) -> None:
        del self.sent[:1]

    def drop(self, _: TopicPartition) -> None:
        self.gaps.reopen([self.gathered], 0.0, sent=False)
        self.gathered = Write(1, 0.0, has_cursor=False)

    def fail(self, partition: TopicPartition) -> None:
        self.drop(partition)
        self.gaps.reopen(self.sent, 0.0, sent=True)
        self.sent = []

    def replay(self, partition: TopicPartition, gap: int) -> None:
        live = self.ends[partition]
        records = run(gap, min(gap + self.chance.randint(1, 7), live), partition)
        self.take(records)
        self.gaps.replayed(records, lines_of(records), 0.0)
        self._gone_to(partition, records.end)

    def rewind(self, partition: TopicPartition, gap: int) -> None:
        at = self.chance.randint(0, gap)
        self.drop(partition)
        row = StoredCursor(at, "", resend_from=at)
        self.gaps.rewind({partition: row}, self.ends, 0.0)

    def go_back(self, partition: TopicPartition, gap: int) -> None:
        self.flush(partition)
        self.gaps.go_back({partition: self.chance.randint(0, gap)})

    def give_up(self, partition: TopicPartition, gap: int) -> None:
        end = self.chance.randint(gap, self.ends[partition])
        self.gaps.gave_up({partition: end}, lines_between(gap, end))
        self._gone_to(partition, end)

    def expire(self, partition: TopicPartition, gap: int) -> None:
        low = self.chance.randint(gap, self.ends[partition])
        self.gaps.expired(partition, low)
        self._gone_to(partition, low)

    def skip(self, partition: TopicPartition, gap: int) -> None:
        self.gaps.skip({partition: self.chance.randint(gap, self.ends[partition])}, self.ends)

    def _gone_to(self, partition: TopicPartition, end: int) -> None:
        self.gaps.replayed_to(partition, end)
        if end == self.ends[partition]:
            self.gaps.caught_up(partition, end, end)


def lines_between(begin: int, end: int) -> int:
    return sum(1 for offset in range(begin, end) if offset % 3)


def lines_of(records: PartitionRecords) -> int:
    return lines_between(records.begin, records.end)


@pytest.mark.parametrize("seed", range(20))
def test_what_was_counted_is_exactly_what_is_missing(seed: int) -> None:
    history = History(seed)
    for _ in range(200):
        history.happens(history.chance.choice(COUNTED))
        assert (history.gaps.lag_lines, history.gaps.lag_is_counted) == (history.missing, True)


@pytest.mark.parametrize("seed", range(40))
def test_an_estimate_is_at_most_what_is_missing_and_says_so(seed: int) -> None:
    history = History(seed)
    for _ in range(200):
        history.happens(history.chance.choice(UNCOUNTED))
        assert history.gaps.lag_lines <= history.missing
        assert history.gaps.lag_lines == history.missing or not history.gaps.lag_is_counted
