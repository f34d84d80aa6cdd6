"""The last lines, over partitions, in growing steps, within bounds; Kafka is a dict of records."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta

from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords, TopicPartition
from events.lines import LogLine
from sessions_app.tail.past.backlog import Backlog
from sessions_app.tail.past.backlog_parts import KEPT_BYTES
from sessions_app.tail.past.range_readers import Read
from tests.support.records import kubernetes_event, records_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
P0, P1 = TopicPartition("gs", 0), TopicPartition("gs", 1)


def event(second: float, text: str = "", container: str = "gold") -> tuple[datetime, bytes]:
    at = NOON + timedelta(seconds=second)
    time = at.isoformat().replace("+00:00", "Z")
    return at, kubernetes_event(text or f"{second:g}", container=container, time=time)


class Log:
    """Partitions of records, and which ranges of them were read."""

    def __init__(
        self,
        *partitions: list[tuple[datetime, bytes]],
        first: int = 0,
        **topics: list[tuple[datetime, bytes]],
    ) -> None:
        self._records = {TopicPartition("gs", n): records for n, records in enumerate(partitions)}
        self._records |= {TopicPartition(topic, 0): records for topic, records in topics.items()}
        self._first = first
        self.ends = {
            partition: first + len(records) for partition, records in self._records.items()
        }
        self.lows = dict.fromkeys(self.ends, first)
        self.steps: list[dict[TopicPartition, int]] = []
        self._decoder = Decoder()

    seconds = seconds_of_a_record = 0.0
    cut_by = ""

    async def ranges(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[Read]:
        self.steps.append(
            {partition: ends[partition] - begin for partition, begin in begins.items()}
        )
        for partition, begin in begins.items():
            chosen = self._records[partition][begin - self._first : ends[partition] - self._first]
            for index, (at, value) in enumerate(chosen):
                records = records_of(
                    [value],
                    topic=partition.topic,
                    partition=partition.number,
                    begin=begin + index,
                    timestamp_ms=int(at.timestamp() * 1000),
                )
                self.seconds += self.seconds_of_a_record
                yield records, {partition: records.end}

    def lines_of(self, records: PartitionRecords) -> list[LogLine]:
        return [line for line in self._decoder.lines_of(records) if line.origin.key[0] == "gold"]

    async def last(self, count: int, **bounds: float) -> list[str]:
        backlog = Backlog(self, self.lines_of, count, "gs", **bounds)  # type: ignore[arg-type]
        lines = await backlog.read(self.lows, self.ends)
        self.cut_by = backlog.cut_by
        return [line.text for line in lines]


async def test_the_last_lines_of_all_partitions_by_their_times() -> None:
    log = Log([event(1), event(3), event(5)], [event(2), event(4), event(6)])
    assert await log.last(4) == ["3", "4", "5", "6"]


async def test_lines_of_one_time_keep_their_order() -> None:
    log = Log([event(1, "a"), event(1, "b")], [event(1, "c"), event(0, "late")])
    assert await log.last(10) == ["late", "a", "b", "c"]


async def test_all_there_is_when_there_is_less() -> None:
    assert await Log([event(1)], []).last(100) == ["1"]
    assert await Log([], []).last(100) == []


async def test_none_when_none_are_asked_for() -> None:
    log = Log([event(1)])
    assert await log.last(0) == []
    assert not log.steps


async def test_it_reads_further_back_in_growing_steps_until_there_are_enough() -> None:
    others = [event(second, container="else") for second in range(10, 4010)]
    log = Log([event(second) for second in range(5)] + others)

    assert await log.last(2) == ["3", "4"]
    assert [step[P0] for step in log.steps] == [100, 400, 1600, 1905]


async def test_a_partition_that_is_too_old_to_matter_is_read_no_further() -> None:
    """A quiet app in a busy shared topic: its lines are found in the other partition."""
    young = [event(second) for second in range(100_000, 100_500)]
    busy = [event(second, container="else") for second in range(97_000, 102_000)]
    log = Log(young, busy)

    assert await log.last(100) == [f"{second}" for second in range(100_400, 100_500)]
    assert sum(step.get(P1, 0) for step in log.steps) < len(busy)


async def test_bytes_are_bounded_and_what_was_found_is_given() -> None:
    others = [event(second, container="else") for second in range(10, 6000)]
    log = Log([event(1), *others, event(7000)])

    assert await log.last(5, bytes_max=len(others[0][1]) * 1000) == ["7000"]
    assert log.cut_by == "bytes"
    assert sum(step[P0] for step in log.steps) <= 1100


async def test_time_is_bounded() -> None:
    log = Log([event(1)])
    assert await log.last(5, seconds_max=-1) == []
    assert log.cut_by == "seconds"


async def test_records_that_have_left_kafka_are_not_asked_for() -> None:
    log = Log([event(1), event(2)], first=1_000_000)
    assert await log.last(5) == ["1", "2"]
    assert log.steps == [{P0: 2}]


async def test_what_others_write_to_a_shared_topic_takes_nothing_from_an_apps_own() -> None:
    """Once 120 build lines of 900 kB made everybody's last lines none, without a word."""
    loud = [event(second, "x" * 9_000, container="loud") for second in range(120)]
    log = Log([event(second) for second in range(50)], shared=loud)

    assert await log.last(50, bytes_max=320_000) == [f"{second}" for second in range(50)]
    assert log.cut_by == "bytes"
    assert sum(step.get(P0, 0) for step in log.steps) <= 100


async def test_of_records_that_are_larger_than_was_thought_the_last_ones_are_read() -> None:
    loud = [event(second, "x" * 9_000, container="loud") for second in range(118)]
    log = Log([event(1)], shared=[*loud, event(118), *loud[-1:]])

    assert await log.last(50, bytes_max=320_000) == ["1", "118"]
    assert log.cut_by == "bytes"


async def test_time_that_is_over_leaves_what_was_read_whole() -> None:
    log = Log([event(1)], [event(second) for second in range(50)])
    log.seconds_of_a_record = 0.1

    assert await log.last(50, seconds_max=2.0) == ["1"]
    assert log.cut_by == "seconds"


async def test_lines_that_have_no_room_are_left_out_the_oldest_first() -> None:
    log = Log([event(second, f"{second}" * 1_000_000) for second in range(1, 10)])

    kept = await log.last(50)

    assert [text[0] for text in kept] == list("123456789")[-len(kept) :]
    assert sum(map(len, kept)) < KEPT_BYTES < sum(map(len, kept)) + 1_000_000
    assert log.cut_by == "kept_bytes"


async def test_all_that_there_is_is_not_cut() -> None:
    log = Log([event(1)], [], shared=[event(2, container="else")])
    assert await log.last(5) == ["1"]
    assert not log.cut_by
