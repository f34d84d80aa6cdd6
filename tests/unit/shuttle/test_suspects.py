"""Records that take a worker down are left out, and no others."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from events.formats.malformed import Malformed
from events.kafka.records import Batch, PartitionRecords, TopicPartition, offset_of
from shuttle.process.watchdog import LIMIT_SECONDS
from shuttle.suspects import REASON, Suspects
from tests.support.records import records_of

P0, P1 = TopicPartition("gs", 0), TopicPartition("gs", 1)
DEADLY = b"deadly"


class Stage:
    """What was left out, as the next worker is told."""

    def __init__(self) -> None:
        self.malformed = Malformed()
        self.kept: list[tuple[TopicPartition, int]] = []
        self.suspects = Suspects(self.malformed, self._keep)
        self.suspects.partitions = {P0}

    async def _keep(self, partition: TopicPartition, offset: int) -> None:
        self.kept.append((partition, offset))

    async def passed(
        self, batch: Batch, work: Callable[[PartitionRecords], object]
    ) -> list[tuple[int, list[int]]]:
        """Of each part its partition and its offsets."""
        found = await self.suspects.passable(batch, work)
        assert found.ends == batch.ends
        return [
            (part.partition.number, [offset_of(message) for message in part.messages])
            for part in found.parts
        ]


def batch_of(*parts: PartitionRecords) -> Batch:
    return Batch(parts, {part.partition: part.end for part in parts})


def values(*texts: bytes, partition: int = 0, begin: int = 10) -> PartitionRecords:
    return records_of(texts, partition=partition, begin=begin)


def die(records: PartitionRecords) -> None:
    if DEADLY in records.values:
        os.kill(os.getpid(), signal.SIGKILL)


async def test_the_deadly_are_left_out_counted_and_sampled() -> None:
    stage = Stage()
    batch = batch_of(values(b"a", DEADLY, b"b", DEADLY), values(b"c", b"d", partition=1))

    assert await stage.passed(batch, die) == [(0, [10]), (0, [12]), (1, [10, 11])]
    assert stage.malformed.counts == {REASON: 2}
    assert [(of.offset, of.begins) for of in stage.malformed.samples] == [
        (11, DEADLY),
        (13, DEADLY),
    ]
    assert stage.kept == [(P0, 11), (P0, 13)]


async def test_once_known_it_is_left_out_unasked_and_uncounted() -> None:
    stage = Stage()
    stage.suspects.partitions = set()
    stage.suspects.leave_out(P0, [11])

    def never(_: object) -> None:
        raise AssertionError

    batch = batch_of(values(b"a", DEADLY, b"b"), values(b"c", partition=1))
    assert await stage.passed(batch, never) == [(0, [10, 12]), (1, [10])]
    assert await stage.passed(batch_of(values(DEADLY, begin=11)), never) == []
    assert not stage.malformed.counts
    stage.suspects.forget([P0])
    assert not stage.suspects.are_there


async def test_a_partition_that_is_not_suspect_is_not_tried() -> None:
    stage = Stage()
    assert await stage.passed(batch_of(values(DEADLY, partition=1)), die) == [(1, [10])]


async def test_what_is_deadly_only_after_another_is_found_too() -> None:
    """As a layout was that the second line of its kind made."""
    stage = Stage()
    seen: list[object] = []

    def twice_is_too_much(records: PartitionRecords) -> None:
        if seen.count(records.values) == 1:
            os.abort()
        seen.append(records.values)

    batch = batch_of(values(b"a", b"b", b"a", b"c", b"a"))
    assert await stage.passed(batch, twice_is_too_much) == [(0, [10]), (0, [11]), (0, [13])]
    assert not seen  # only children worked


async def test_who_dies_once_of_something_else_leaves_nothing_out(tmp_path: Path) -> None:
    """Somebody kills the first child in the middle of its work."""
    stage, mark = Stage(), tmp_path / "killed"

    def killed_once(records: PartitionRecords) -> None:
        if records.begin == 11 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    assert await stage.passed(batch_of(values(b"a", b"b")), killed_once) == [(0, [10]), (0, [11])]
    assert mark.exists()
    assert not stage.malformed.counts


async def test_what_two_passes_meet_at_a_time_is_counted_once() -> None:
    stage = Stage()

    def die_late(records: PartitionRecords) -> None:
        if DEADLY in records.values:
            time.sleep(0.2)
            os.abort()

    await asyncio.gather(*(stage.passed(batch_of(values(DEADLY)), die_late) for _ in range(2)))
    assert stage.malformed.counts == {REASON: 1}


async def test_a_worker_that_ends_over_a_suspect_record_says_which() -> None:
    stage = Stage()
    await stage.suspects.ended_by(ValueError(), values(DEADLY), 0.0)
    await stage.suspects.ended_by(SystemExit(), values(DEADLY, begin=11), LIMIT_SECONDS)
    assert stage.kept == [(P0, 10), (P0, 11)]
    assert stage.malformed.counts == {REASON: 2}


async def test_a_worker_that_ends_over_others_accuses_none() -> None:
    """Of several nobody knows which; of a partition that is not suspect others may get on; who has
    no memory, or no CPU, would end over any."""
    stage = Stage()
    await stage.suspects.ended_by(ValueError(), values(DEADLY, b"a"), 0.0)
    await stage.suspects.ended_by(ValueError(), values(DEADLY, partition=1), 0.0)
    await stage.suspects.ended_by(MemoryError(), values(b"a"), 0.0)
    await stage.suspects.ended_by(SystemExit(), values(b"a"), 0.1)  # a machine that stood still
    assert not stage.kept
    assert not stage.malformed.counts


def test_a_record_has_as_long_as_a_worker_gives_it() -> None:
    """One that no worker would die of is not left out."""
    assert Suspects().limit_seconds == LIMIT_SECONDS


async def test_a_trial_ends_when_all_stops_and_nobody_passes_over_it(tmp_path: Path) -> None:
    stage, mark = Stage(), tmp_path / "child"

    def hang(_: object) -> None:
        mark.write_text(str(os.getpid()))
        time.sleep(60)

    passing = asyncio.create_task(stage.passed(batch_of(values(b"a")), hang))
    async with asyncio.timeout(20):
        while not (mark.exists() and mark.read_text()):
            await asyncio.sleep(0.01)
        stage.suspects.stop()
        with pytest.raises(asyncio.CancelledError):
            await passing
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)
    with pytest.raises(asyncio.CancelledError):
        await stage.passed(batch_of(values(b"a")), hang)
    assert await stage.passed(batch_of(values(b"a", partition=1)), hang) == [(1, [10])]
    assert not stage.malformed.counts


async def test_where_no_child_can_be_made_all_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", no_more)
    stage = Stage()
    assert await stage.passed(batch_of(values(DEADLY)), die) == [(0, [10])]
    assert not stage.malformed.counts
