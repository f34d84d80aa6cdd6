"""One viewer's reading of the past: it gives way to who waits, and goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager

import pytest

from events.kafka.records import Offsets, TopicPartition
from events.keys import AppKey
from sessions_app.tail.past import reading
from sessions_app.tail.past.range_readers import RangeReader, RangeReaders, Read
from sessions_app.tail.past.reading import Reading
from sessions_app.tail.past.turns import Reader
from tests.support.records import records_of

PARTITION = TopicPartition("gs", 0)
GOLD, BOLD = (Reader(AppKey(app, "gs"), app) for app in ("gold", "bold"))


class Records(RangeReader):
    """A record a read."""

    def __init__(self) -> None:
        """There is no consumer."""

    async def ranges(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[Read]:
        for offset in range(begins[PARTITION], ends[PARTITION]):
            yield records_of([b""], begin=offset), {PARTITION: offset + 1}


class Readers(RangeReaders):
    def __init__(self) -> None:
        super().__init__({})
        self.begun: list[tuple[str, Offsets]] = []
        """Whose turns there were, and from where on."""

    @asynccontextmanager
    async def turn(
        self, whose: Reader, partitions: Iterable[TopicPartition]
    ) -> AsyncIterator[RangeReader]:
        await self.turns.take(whose)
        assert isinstance(partitions, dict)
        self.begun.append((whose.session, dict(partitions)))
        try:
            yield Records()
        finally:
            self.turns.leave(whose)


async def read(readers: RangeReaders, whose: Reader, count: int) -> list[int]:
    reads = Reading(readers, whose).ranges({PARTITION: 0}, {PARTITION: count})
    return [records.begin async for records, _ in reads if records is not None]


async def test_nobody_gives_way_to_nobody() -> None:
    readers = Readers()
    assert await read(readers, GOLD, 5) == list(range(5))
    assert readers.begun == [("gold", {PARTITION: 0})]


async def test_a_turn_ends_when_another_waits_who_could_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "TURN_SECONDS", -1.0)
    readers = Readers()
    for number in range(3):
        await readers.turns.take(Reader(AppKey("else", f"{number}"), f"{number}"))

    both = await asyncio.gather(read(readers, GOLD, 3), read(readers, BOLD, 3))

    assert list(both) == [[0, 1, 2], [0, 1, 2]]
    assert readers.begun[:4] == [
        ("gold", {PARTITION: 0}),
        ("bold", {PARTITION: 0}),
        ("gold", {PARTITION: 1}),
        ("bold", {PARTITION: 1}),
    ]


async def test_who_has_enough_leaves_the_reader_as_it_is() -> None:
    readers = Readers()
    reads = Reading(readers, GOLD).ranges({PARTITION: 0}, {PARTITION: 9})
    async with aclosing(reads):
        async for _ in reads:
            break
    assert not readers.turns.seated
