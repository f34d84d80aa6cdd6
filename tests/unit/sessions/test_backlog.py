"""The last lines, over partitions, in growing steps, within bounds; Kafka is a dict of records."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta

from events.formats.decode import Decoder
from events.kafka.records import PartitionRecords, TopicPartition
from events.keys import AppKey
from events.lines import LogLine
from sessions_app.tail.past.backlog import Backlog
from tests.support.records import kubernetes_event, records_of

GOLD = AppKey("gold", "gs")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
P0, P1 = TopicPartition("gs", 0), TopicPartition("gs", 1)


def event(second: float, text: str = "", container: str = "gold") -> tuple[datetime, bytes]:
    at = NOON + timedelta(seconds=second)
    time = at.isoformat().replace("+00:00", "Z")
    return at, kubernetes_event(text or f"{second:g}", container=container, time=time)


class Log:
    """Partitions of records, and which ranges of them were read."""

    def __init__(self, *partitions: list[tuple[datetime, bytes]], first: int = 0) -> None:
        self._records = {TopicPartition("gs", n): records for n, records in enumerate(partitions)}
        self._first = first
        self.ends = {
            partition: first + len(records) for partition, records in self._records.items()
        }
        self.lows = dict.fromkeys(self.ends, first)
        self.steps: list[dict[TopicPartition, int]] = []
        self._decoder = Decoder()

    async def parts_of(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[list[PartitionRecords]]:
        self.steps.append(
            {partition: ends[partition] - begin for partition, begin in begins.items()}
        )
        for partition, begin in begins.items():
            chosen = self._records[partition][begin - self._first : ends[partition] - self._first]
            for index, (at, value) in enumerate(chosen):
                yield [
                    records_of(
                        [value],
                        partition=partition.number,
                        begin=begin + index,
                        timestamp_ms=int(at.timestamp() * 1000),
                    )
                ]

    def lines_of(self, records: PartitionRecords) -> list[LogLine]:
        return [line for line in self._decoder.lines_of(records) if line.origin.key == GOLD]

    async def last(self, count: int, **bounds: float) -> list[str]:
        backlog = Backlog(self.parts_of, self.lines_of, count, **bounds)  # type: ignore[arg-type]
        return [line.text for line in await backlog.read(self.lows, self.ends)]


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
    assert sum(step[P0] for step in log.steps) <= 1100


async def test_time_is_bounded() -> None:
    log = Log([event(1)])
    assert await log.last(5, seconds_max=-1) == []


async def test_records_that_have_left_kafka_are_not_asked_for() -> None:
    log = Log([event(1), event(2)], first=1_000_000)
    assert await log.last(5) == ["1", "2"]
    assert log.steps == [{P0: 2}]
